//! Requests and their answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use gen_lsp_types::{
    CodeActionParams, CompletionItemKind, DocumentFormattingParams, Location, Position, Range, ReferenceParams,
    RenameParams, SymbolKind, TextDocumentIdentifier, TextDocumentPositionParams, TextEdit,
};
use lsp_server::ErrorCode;
use radii_diagnostics::{FileId, Span};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use typespec::World as _;
use typespec::service::{Completion, CompletionKind, Edit, OutlineItem, OutlineKind, Service};

use super::positions::{Lines, uri_of};
use super::projects::Place;
use super::server::{Failure, Server, parse, path};
use super::{libraries, manifests, publish, rules, tokens};

type Answer = Result<Json, Failure>;

/// What the server can do, as the editor is told.
pub fn capabilities() -> Json {
    json!({
        "positionEncoding": "utf-16",
        "textDocumentSync": { "openClose": true, "change": 2, "save": true },
        "completionProvider": { "triggerCharacters": [".", "@", "/", "\"", ":", "#"] },
        "hoverProvider": true,
        "signatureHelpProvider": { "triggerCharacters": ["(", "<", ","], "retriggerCharacters": [")", ">"] },
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "documentSymbolProvider": true,
        "documentFormattingProvider": true,
        "renameProvider": { "prepareProvider": true },
        "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        "foldingRangeProvider": true,
        "semanticTokensProvider": { "legend": tokens::legend(), "full": true, "range": true },
        "workspaceSymbolProvider": true,
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    })
}

/// Answers a request.
pub fn answer(server: &mut Server, method: &str, params: Json) -> Answer {
    match method {
        "textDocument/completion" => match manifest(server, &params)? {
            Some((text, position)) => Ok(manifests::completion(&text, position)),
            None => at(server, params, completion),
        },
        "textDocument/hover" => match manifest(server, &params)? {
            Some((text, position)) => Ok(manifests::hover(&text, position)),
            None => at(server, params, hover),
        },
        "textDocument/signatureHelp" => at(server, params, signature_help),
        "textDocument/definition" => at(server, params, definition),
        "textDocument/documentHighlight" => at(server, params, highlights),
        "textDocument/prepareRename" => at(server, params, prepare_rename),
        "textDocument/references" => references(server, parse(params)?),
        "textDocument/rename" => rename(server, parse(params)?),
        "textDocument/documentSymbol" => symbols(server, parse(params)?),
        "textDocument/formatting" => formatting(server, parse(params)?),
        "textDocument/codeAction" => code_actions(server, parse(params)?),
        "textDocument/foldingRange" => folding(server, parse(params)?),
        "textDocument/semanticTokens/full" => words(server, parse(params)?, None),
        "textDocument/semanticTokens/range" => {
            let range = parse::<RangeParams>(params.clone())?.range;
            words(server, parse(params)?, Some(range))
        }
        "workspace/symbol" => workspace_symbols(server, parse(params)?),
        _ => {
            let message = format!("`{method}` is nothing that this server does");
            Err(Failure { code: ErrorCode::MethodNotFound, message })
        }
    }
}

/// A place in a document, with what is known about its program.
struct Cursor {
    place: Place,
    offset: u32,
}

impl Cursor {
    fn service(&self) -> Service<'_> {
        Service::new(&self.place.compilation)
    }

    fn file(&self) -> FileId {
        self.place.file
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentParams {
    text_document: TextDocumentIdentifier,
}

#[derive(Deserialize)]
struct RangeParams {
    range: Range,
}

#[derive(Deserialize)]
struct QueryParams {
    query: String,
}

/// The text of a manifest and a place in it; `None` for other documents.
fn manifest(server: &Server, params: &Json) -> Result<Option<(String, Position)>, Failure> {
    let params: TextDocumentPositionParams = parse(params.clone())?;
    Ok(manifest_text(server, &path(&params.text_document)?).map(|text| (text, params.position)))
}

fn manifest_text(server: &Server, path: &str) -> Option<String> {
    if ![".yaml", ".yml"].iter().any(|ending| path.ends_with(ending)) {
        return None;
    }
    // A manifest that is just being begun is none yet.
    server.documents.read(path).filter(|text| text.trim().is_empty() || text.contains("namespace:"))
}

fn at(server: &mut Server, params: Json, answer: impl Fn(&Cursor) -> Answer) -> Answer {
    match cursor(server, &parse(params)?)? {
        Some(cursor) => answer(&cursor),
        None => Ok(Json::Null),
    }
}

/// Finds a place; `None` in documents that are no TypeSpec.
fn cursor(server: &mut Server, params: &TextDocumentPositionParams) -> Result<Option<Cursor>, Failure> {
    let Some(place) = place(server, &params.text_document)? else { return Ok(None) };
    let offset = Lines::new(text(&place, place.file)).offset(params.position) as u32;
    Ok(Some(Cursor { place, offset }))
}

fn place(server: &mut Server, document: &TextDocumentIdentifier) -> Result<Option<Place>, Failure> {
    let path = path(document)?;
    if !path.ends_with(".tsp") {
        return Ok(None);
    }
    Ok(server.projects.find(&server.documents, &path))
}

fn text(place: &Place, file: FileId) -> &str {
    place.compilation.sources.file(file).map_or("", |file| file.text())
}

fn range(place: &Place, span: Span) -> Range {
    Lines::new(text(place, span.file)).range(span)
}

/// Where a span is; embedded libraries are written out, so that there is a file to show.
fn location(place: &Place, span: Span) -> Option<Location> {
    let file = place.compilation.sources.file(span.file)?;
    let path = match file.path().starts_with("library:") {
        true => libraries::lay_out(file.path(), file.text())?,
        false => file.path().to_owned(),
    };
    Some(Location { uri: uri_of(&path), range: range(place, span) })
}

fn locations(place: &Place, spans: Vec<Span>) -> Json {
    json!(spans.into_iter().filter_map(|span| location(place, span)).collect::<Vec<_>>())
}

fn definition(cursor: &Cursor) -> Answer {
    Ok(locations(&cursor.place, cursor.service().definition(cursor.file(), cursor.offset)))
}

fn highlights(cursor: &Cursor) -> Answer {
    let spans = cursor.service().highlights(cursor.file(), cursor.offset);
    Ok(spans.into_iter().map(|span| json!({ "range": range(&cursor.place, span) })).collect())
}

fn references(server: &mut Server, params: ReferenceParams) -> Answer {
    let Some(cursor) = cursor(server, &params.text_document_position_params)? else { return Ok(Json::Null) };
    let declarations = params.context.include_declaration;
    let mut spans = cursor.service().references(cursor.file(), cursor.offset, declarations);
    let is_embedded = |span: &Span| {
        let file = cursor.place.compilation.sources.file(span.file);
        file.is_none_or(|file| file.path().starts_with("library:"))
    };
    spans.retain(|span| !is_embedded(span));
    Ok(locations(&cursor.place, spans))
}

fn hover(cursor: &Cursor) -> Answer {
    if let Some(described) = rules::hover(&cursor.place, cursor.offset) {
        return Ok(described);
    }
    let Some(hover) = cursor.service().hover(cursor.file(), cursor.offset) else { return Ok(Json::Null) };
    let mut value = format!("```typespec\n{}\n```", hover.signature);
    if let Some(reason) = hover.deprecation {
        value.push_str(&format!("\n\n**Deprecated**: {reason}"));
    }
    if let Some(docs) = hover.docs {
        value.push_str("\n\n");
        value.push_str(&docs);
    }
    Ok(json!({ "contents": { "kind": "markdown", "value": value }, "range": range(&cursor.place, hover.span) }))
}

fn signature_help(cursor: &Cursor) -> Answer {
    let Some(call) = cursor.service().call(cursor.file(), cursor.offset) else { return Ok(Json::Null) };
    let units = |bytes: usize| call.label[..bytes].encode_utf16().count();
    let parameters = call.parameters.iter().map(|range| json!({ "label": [units(range.start), units(range.end)] }));
    let mut signature = json!({ "label": call.label, "parameters": parameters.collect::<Vec<_>>() });
    if let Some(docs) = call.docs {
        signature["documentation"] = json!({ "kind": "markdown", "value": docs });
    }
    Ok(json!({ "signatures": [signature], "activeSignature": 0, "activeParameter": call.active }))
}

fn prepare_rename(cursor: &Cursor) -> Answer {
    let name = cursor.service().prepare_rename(cursor.file(), cursor.offset);
    let span = name.map_err(|refusal| Failure::refused(refusal.to_string()))?;
    let placeholder = text(&cursor.place, span.file).get(span.start as usize..span.end as usize).unwrap_or_default();
    Ok(json!({ "range": range(&cursor.place, span), "placeholder": placeholder }))
}

fn rename(server: &mut Server, params: RenameParams) -> Answer {
    let Some(cursor) = cursor(server, &params.text_document_position_params)? else { return Ok(Json::Null) };
    let edits = cursor.service().rename(cursor.file(), cursor.offset, &params.new_name);
    let edits = edits.map_err(|refusal| Failure::refused(refusal.to_string()))?;
    Ok(workspace_edit(&cursor.place, edits))
}

fn workspace_edit(place: &Place, edits: Vec<Edit>) -> Json {
    let mut changes: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
    for edit in edits {
        let Some(file) = place.compilation.sources.file(edit.span.file) else { continue };
        let uri = uri_of(file.path()).0;
        let edit = TextEdit { range: range(place, edit.span), new_text: edit.text };
        changes.entry(uri).or_default().push(edit);
    }
    json!({ "changes": changes })
}

fn folding(server: &mut Server, params: DocumentParams) -> Answer {
    let Some(place) = place(server, &params.text_document)? else { return Ok(Json::Null) };
    let folds = Service::new(&place.compilation).folds(place.file);
    Ok(tokens::folding(&folds, text(&place, place.file)))
}

/// What each word of a document, or of a part of it, is.
fn words(server: &mut Server, params: DocumentParams, part: Option<Range>) -> Answer {
    let Some(place) = place(server, &params.text_document)? else { return Ok(Json::Null) };
    let text = text(&place, place.file);
    let words = Service::new(&place.compilation).words(place.file);
    let lines = Lines::new(text);
    let part = part.map(|part| Span::new(place.file, lines.offset(part.start), lines.offset(part.end)));
    Ok(json!({ "data": tokens::encode(&words, text, part) }))
}

/// How many symbols of a workspace are shown; an editor asks again with each letter.
const MAX_SYMBOLS: usize = 500;

/// The declarations of all programs that are known whose names hold the letters that are asked for, in their order.
fn workspace_symbols(server: &mut Server, params: QueryParams) -> Answer {
    let wanted = params.query.to_lowercase();
    let mut found = Vec::new();
    for compilation in server.projects.all(&server.documents) {
        let own = compilation.program.files.iter().filter(|file| file.origin == typespec::program::Origin::Project);
        for file in own {
            let place = Place { compilation: compilation.clone(), manifests: Arc::default(), file: file.id };
            for item in Service::new(&compilation).outline(file.id) {
                add_symbols(&place, &item, None, &wanted, &mut found);
            }
        }
    }
    found.truncate(MAX_SYMBOLS);
    Ok(Json::Array(found))
}

fn add_symbols(place: &Place, item: &OutlineItem, holder: Option<&str>, wanted: &str, found: &mut Vec<Json>) {
    let mut letters = item.name.to_lowercase().chars().collect::<Vec<_>>().into_iter();
    let fits = wanted.chars().all(|letter| letters.any(|own| own == letter));
    if fits && let Some(location) = location(place, item.name_span) {
        let mut symbol = json!({ "name": item.name, "kind": symbol_kind(item.kind), "location": location });
        if let Some(holder) = holder {
            symbol["containerName"] = holder.into();
        }
        if !found.contains(&symbol) {
            found.push(symbol);
        }
    }
    for child in &item.children {
        add_symbols(place, child, Some(&item.name), wanted, found);
    }
}

fn symbols(server: &mut Server, params: DocumentParams) -> Answer {
    if let Some(text) = manifest_text(server, &path(&params.text_document)?) {
        return Ok(manifests::symbols(&text));
    }
    let Some(place) = place(server, &params.text_document)? else { return Ok(Json::Null) };
    let lines = Lines::new(text(&place, place.file));
    let outline = Service::new(&place.compilation).outline(place.file);
    Ok(outline.iter().map(|item| symbol(item, &lines)).collect())
}

fn symbol(item: &OutlineItem, lines: &Lines<'_>) -> Json {
    json!({
        "name": item.name,
        "kind": symbol_kind(item.kind),
        "range": lines.range(item.span),
        "selectionRange": lines.range(item.name_span),
        "children": item.children.iter().map(|child| symbol(child, lines)).collect::<Vec<_>>(),
    })
}

fn symbol_kind(kind: OutlineKind) -> SymbolKind {
    match kind {
        OutlineKind::Namespace => SymbolKind::Namespace,
        OutlineKind::Model => SymbolKind::Struct,
        OutlineKind::Property => SymbolKind::Property,
        OutlineKind::Scalar | OutlineKind::Alias => SymbolKind::Class,
        OutlineKind::Constructor => SymbolKind::Constructor,
        OutlineKind::Interface => SymbolKind::Interface,
        OutlineKind::Operation => SymbolKind::Method,
        OutlineKind::Union | OutlineKind::Enum => SymbolKind::Enum,
        OutlineKind::Variant | OutlineKind::EnumMember => SymbolKind::EnumMember,
        OutlineKind::Const => SymbolKind::Constant,
        OutlineKind::Decorator | OutlineKind::Function => SymbolKind::Function,
    }
}

/// Formats a document; one that cannot be read is left alone, and its diagnostics say why.
fn formatting(server: &mut Server, params: DocumentFormattingParams) -> Answer {
    let path = path(&params.text_document)?;
    let Some(text) = server.documents.read(&path).filter(|_| path.ends_with(".tsp")) else { return Ok(Json::Null) };
    match typespec::format(FileId(0), &text) {
        Ok(formatted) if formatted == text => Ok(json!([])),
        Ok(formatted) => Ok(json!([TextEdit { range: Lines::new(&text).whole(), new_text: formatted }])),
        Err(diagnostics) => {
            let reason = diagnostics.first().map_or("", |diagnostic| diagnostic.message.as_str());
            Err(Failure::refused(format!("cannot format what cannot be read: {reason}")))
        }
    }
}

fn code_actions(server: &mut Server, params: CodeActionParams) -> Answer {
    let own = path(&params.text_document)?;
    if let Some(text) = manifest_text(server, &own) {
        return Ok(manifests::actions(&own, &text, params.range.start, params.range.end));
    }
    let Some(place) = place(server, &params.text_document)? else { return Ok(Json::Null) };
    let lines = Lines::new(text(&place, place.file));
    let offset = |position: Position| lines.offset(position);
    let span = Span::new(place.file, offset(params.range.start), offset(params.range.end));
    let actions = Service::new(&place.compilation).actions(span);
    let wanted =
        |kinds: &Vec<gen_lsp_types::CodeActionKind>| kinds.iter().any(|kind| "quickfix".starts_with(&kind.to_string()));
    if params.context.only.as_ref().is_some_and(|kinds| !wanted(kinds)) {
        return Ok(json!([]));
    }
    let convert = |action: typespec::service::Action| {
        let diagnostic = &place.compilation.diagnostics[action.diagnostic];
        json!({
            "title": action.title,
            "kind": "quickfix",
            "isPreferred": action.sure,
            "diagnostics": [publish::convert(diagnostic, &place.compilation.sources)],
            "edit": workspace_edit(&place, action.edits),
        })
    };
    Ok(actions.into_iter().map(convert).collect())
}

fn completion(cursor: &Cursor) -> Answer {
    if let Some(offers) = rules::completion(&cursor.place, cursor.offset) {
        return Ok(offers);
    }
    let found = cursor.service().completions(cursor.file(), cursor.offset);
    let items: Vec<Json> = found.iter().map(|item| completion_item(item, &cursor.place)).collect();
    Ok(json!({ "isIncomplete": false, "items": items }))
}

fn completion_item(item: &Completion, place: &Place) -> Json {
    let mut shown = json!({
        "label": item.label,
        "kind": completion_kind(item.kind),
        "sortText": format!("{}{}", item.rank, item.label),
        "textEdit": TextEdit { range: range(place, item.span), new_text: item.insert.clone() },
    });
    if let Some(detail) = &item.detail {
        shown["detail"] = json!(detail);
    }
    if let Some(docs) = &item.docs {
        shown["documentation"] = json!({ "kind": "markdown", "value": docs });
    }
    if item.is_deprecated {
        shown["tags"] = json!([1]);
    }
    shown
}

fn completion_kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::Keyword,
        CompletionKind::Namespace | CompletionKind::Library => CompletionItemKind::Module,
        CompletionKind::Model => CompletionItemKind::Struct,
        CompletionKind::Scalar | CompletionKind::Alias => CompletionItemKind::Class,
        CompletionKind::Enum | CompletionKind::Union => CompletionItemKind::Enum,
        CompletionKind::Interface => CompletionItemKind::Interface,
        CompletionKind::Operation => CompletionItemKind::Method,
        CompletionKind::Const => CompletionItemKind::Constant,
        CompletionKind::Decorator | CompletionKind::Function => CompletionItemKind::Function,
        CompletionKind::TemplateParameter => CompletionItemKind::TypeParameter,
        CompletionKind::Property => CompletionItemKind::Property,
        CompletionKind::EnumMember | CompletionKind::Variant => CompletionItemKind::EnumMember,
        CompletionKind::Constructor => CompletionItemKind::Constructor,
        CompletionKind::Value => CompletionItemKind::Value,
        CompletionKind::File => CompletionItemKind::File,
    }
}
