// Everything works without this: it filters tables as one types, and keeps the page current.

// While the change feed tells of news, the page is looked at seldom; without it, often.
const PERIOD = 3000;
const PERIOD_WITH_FEED = 30000;
const FEED = `${location.pathname.split("/dashboard")[0]}/apis/api.ucp.dev/v1alpha3/watch?since=now`;
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
let feed = null;
let last = 0;
let news = null;

function look() {
  clearTimeout(news);
  last = Date.now();
  refresh();
}

function follow() {
  // A hidden page leaves its connection to others: browsers allow a server only a few.
  if (document.hidden) {
    feed?.close();
    feed = null;
  } else if (feed === null) {
    feed = new EventSource(FEED);
    for (const name of ["added", "modified", "deleted"]) {
      // What belongs together comes together: one look for all of it.
      feed.addEventListener(name, () => { clearTimeout(news); news = setTimeout(look, 150); });
    }
  }
}

document.addEventListener("visibilitychange", () => { follow(); look(); });
follow();
setInterval(() => {
  const told = feed !== null && feed.readyState === EventSource.OPEN;
  if (Date.now() - last >= (told ? PERIOD_WITH_FEED : PERIOD) - 100) look();
}, PERIOD);
