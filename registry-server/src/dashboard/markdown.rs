//! Descriptions: Markdown that somebody registered, as HTML that can do no harm.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

/// Returns a description as HTML. HTML in the text is shown as text, and links lead only where a link may.
pub(super) fn render(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let harmless = Parser::new_ext(text, options).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: harmless(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: harmless(dest_url), title, id })
        }
        other => other,
    });
    let mut rendered = String::new();
    html::push_html(&mut rendered, harmless);
    rendered
}

/// Returns the address of a link if it is of the web or of this page, and an empty one otherwise.
fn harmless(address: CowStr<'_>) -> CowStr<'_> {
    let lower = address.to_ascii_lowercase();
    let known = ["https://", "http://", "mailto:", "#", "/"].iter().any(|start| lower.starts_with(start));
    if known || !lower.contains(':') { address } else { CowStr::Borrowed("") }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            render("A **store**, see [docs](https://example.com)."),
            "<p>A <strong>store</strong>, see <a href=\"https://example.com\">docs</a>.</p>\n"
        );
        assert!(render("| a | b |\n|---|---|\n| 1 | 2 |").contains("<td>1</td>"));
    }

    #[test]
    fn html_and_scripts_of_a_description_stay_text() {
        let hostile = "<script>alert(1)</script> a <img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) \
                       ![y](JavaScript:alert(1)) [z](data:text/html,x)\n\n<iframe src=//evil></iframe>";
        let html = render(hostile);
        for harm in ["<script", "<img src=x", "<iframe", "javascript:", "JavaScript:", "href=\"data:"] {
            assert!(!html.contains(harm), "{harm} in {html}");
        }
    }
}
