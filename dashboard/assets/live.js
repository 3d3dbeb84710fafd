// Everything works without this: it filters tables as one types, and keeps the page current.

const PERIOD = 3000;
const live = document.getElementById("live");

function filter(input) {
  const wanted = input.value.trim().toLowerCase();
  for (const list of document.getElementsByClassName(input.dataset.filter)) {
    for (const row of list.children) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    }
  }
}

function enhance() {
  for (const input of document.querySelectorAll("[data-filter]")) {
    input.closest(".filter").hidden = false;
    input.addEventListener("input", () => filter(input));
  }
  for (const time of document.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleString();
    time.title = time.dateTime;
  }
}

function busy() {
  const selection = document.getSelection();
  const main = document.getElementById("main");
  const focused = main.contains(document.activeElement) && document.activeElement !== main;
  return document.hidden || focused || (selection !== null && !selection.isCollapsed);
}

// The page as the server last sent it: what the script changed on it is no news.
let shown = null;

async function refresh() {
  if (busy()) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    const news = fresh.innerHTML !== shown;
    if (shown !== null && news && !busy()) {
      const main = document.getElementById("main");
      const open = [...main.querySelectorAll("details")].map((details) => details.open);
      const typed = [...main.querySelectorAll("[data-filter]")].map((input) => input.value);
      shown = fresh.innerHTML;
      main.replaceWith(fresh);
      fresh.querySelectorAll("details").forEach((details, at) => { details.open = open[at] ?? details.open; });
      enhance();
      fresh.querySelectorAll("[data-filter]").forEach((input, at) => { input.value = typed[at] ?? ""; filter(input); });
    } else if (shown === null) {
      shown = fresh.innerHTML;
    }
    live.textContent = "";
  } catch (error) {
    live.textContent = `Not current: ${error.message}`;
  }
}

enhance();
setInterval(refresh, PERIOD);
