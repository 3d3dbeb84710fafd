//! Rules over bodies, in the texts of `@validate`.

use gen_lsp_types::{CompletionItemKind, Range, TextEdit};
use radii_diagnostics::Span;
use radii_model::cel::editor::{self, OfferKind};
use serde_json::{Value as Json, json};

use super::positions::Lines;
use super::projects::Place;

/// What could be written in the rule at an offset; `None` where there is none.
pub fn completion(place: &Place, offset: u32) -> Option<Json> {
    let offers = place.schemas().find_map(|schema| editor::offers(schema, place.file, offset))?;
    let items = offers.iter().enumerate().map(|(at, offer)| {
        let mut shown = json!({
            "label": offer.name,
            "kind": kind(offer.kind),
            // They come as they are offered: the nearest first.
            "sortText": format!("{at:04}"),
            "textEdit": TextEdit { range: range(place, offer.span), new_text: offer.name.clone() },
        });
        if !offer.detail.is_empty() {
            shown["detail"] = json!(offer.detail);
        }
        if let Some(docs) = &offer.docs {
            shown["documentation"] = json!({ "kind": "markdown", "value": docs });
        }
        shown
    });
    Some(json!({ "isIncomplete": false, "items": items.collect::<Vec<Json>>() }))
}

/// What the word of the rule at an offset is; `None` where there is no rule.
pub fn hover(place: &Place, offset: u32) -> Option<Json> {
    let described = place.schemas().find_map(|schema| editor::describe(schema, place.file, offset))?;
    let Some(described) = described else { return Some(Json::Null) };
    let mut value = format!("```cel\n{}\n```", described.signature);
    if let Some(docs) = described.docs {
        value.push_str("\n\n");
        value.push_str(&docs);
    }
    Some(json!({ "contents": { "kind": "markdown", "value": value }, "range": range(place, described.span) }))
}

fn range(place: &Place, span: Span) -> Range {
    let source = place.compilation.sources.file(span.file);
    source.map(|source| Lines::new(source.text()).range(span)).unwrap_or_default()
}

fn kind(kind: OfferKind) -> CompletionItemKind {
    match kind {
        OfferKind::Property => CompletionItemKind::Property,
        OfferKind::Function => CompletionItemKind::Function,
        OfferKind::Macro => CompletionItemKind::Snippet,
        OfferKind::Variable => CompletionItemKind::Variable,
        OfferKind::Word => CompletionItemKind::Keyword,
    }
}
