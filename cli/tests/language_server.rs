//! `rad lsp` as an editor meets it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::server::RAD;

const CATALOGUE: &str = r#"import "@radii/typespec";

using Radii;

namespace Contoso;

/** How large an instance is. */
enum Size {
  small,
  large,
}

/** A place for data. */
model Store {
  /** How large it is. */
  size: Size = Size.small;
  other?: Store;
}
"#;

/// An editor with a folder of its own, and the server that it started.
struct Editor {
    folder: TempDir,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: i32,
    /// Notifications that came while an answer was awaited.
    notifications: Vec<Json>,
}

impl Editor {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(RAD)
            .args(["lsp", "--stdio"])
            .env("HOME", folder.path())
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut editor = Self { folder, process, input, output, next: 0, notifications: Vec::new() };
        let root = editor.uri("");
        let answer = editor.ask("initialize", json!({ "processId": null, "rootUri": root, "capabilities": {} }));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], true, "{answer}");
        editor.notify("initialized", json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        let path = if name.is_empty() { folder } else { folder.join(name) };
        format!("file://{}", path.display())
    }

    fn write(&mut self, message: &Json) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Json) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Json) -> Json {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
            self.notifications.push(message);
        }
    }

    fn read(&mut self) -> Json {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server is gone");
            match line.trim().strip_prefix("Content-Length:") {
                Some(number) => length = number.trim().parse().unwrap(),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut content = vec![0; length];
        self.output.read_exact(&mut content).unwrap();
        serde_json::from_slice(&content).unwrap()
    }

    /// The next diagnostics about a file.
    fn diagnostics(&mut self, name: &str) -> Vec<Json> {
        let uri = self.uri(name);
        let is_wanted = |message: &Json| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str()
        };
        loop {
            if let Some(at) = self.notifications.iter().position(is_wanted) {
                let message = self.notifications.remove(at);
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
            let message = self.read();
            self.notifications.push(message);
        }
    }

    fn open(&mut self, name: &str, text: &str) -> Vec<Json> {
        let document = json!({ "uri": self.uri(name), "languageId": "typespec", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.diagnostics(name)
    }

    /// Replaces the whole text.
    fn change(&mut self, name: &str, text: &str) -> Vec<Json> {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
        self.diagnostics(name)
    }

    /// Asks about the place of the first `marked` in the text, `into` characters behind its beginning.
    fn at(&mut self, method: &str, name: &str, text: &str, marked: &str, into: usize, more: Json) -> Json {
        let offset = text.find(marked).unwrap() + into;
        let line = text[..offset].matches('\n').count();
        let column = offset - text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let mut params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": column },
        });
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.ask(method, params)["result"].take()
    }

    fn leave(mut self) -> ExitStatus {
        let answer = self.ask("shutdown", Json::Null);
        assert!(answer.get("error").is_none(), "{answer}");
        self.notify("exit", Json::Null);
        self.process.wait().unwrap()
    }
}

fn labels(completions: &Json) -> Vec<&str> {
    completions["items"].as_array().unwrap().iter().filter_map(|item| item["label"].as_str()).collect()
}

#[test]
fn mistakes_are_shown_while_they_are_there() {
    let mut editor = Editor::start();
    let broken = CATALOGUE.replace("other?: Store", "other?: Stroe");
    let found = editor.open("main.tsp", &broken);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "invalid-ref");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 16, "character": 10 }));
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(editor.change("main.tsp", CATALOGUE), Vec::<Json>::new());
    assert!(editor.leave().success());
}

#[test]
fn a_mistake_is_mended_by_its_code_action() {
    let mut editor = Editor::start();
    let broken = CATALOGUE.replace("other?: Store", "other?: Stroe");
    let range = editor.open("main.tsp", &broken)[0]["range"].clone();
    let document = json!({ "uri": editor.uri("main.tsp") });
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params);
    let uri = editor.uri("main.tsp");
    let edit = &actions["result"][0]["edit"]["changes"][&uri][0];
    assert_eq!((&edit["newText"], &edit["range"]), (&json!("Store"), &range), "{actions}");
    assert!(editor.leave().success());
}

#[test]
fn names_are_completed_explained_found_and_renamed() {
    let mut editor = Editor::start();
    editor.open("main.tsp", CATALOGUE);
    let members = editor.at("textDocument/completion", "main.tsp", CATALOGUE, "Size.small", 5, json!({}));
    assert_eq!(labels(&members), ["large", "small"]);
    let types = editor.at("textDocument/completion", "main.tsp", CATALOGUE, "other?: Store", 8, json!({}));
    assert!(["Store", "Size", "string", "unknown"].iter().all(|name| labels(&types).contains(name)), "{types}");

    let hover = editor.at("textDocument/hover", "main.tsp", CATALOGUE, "Size = ", 1, json!({}));
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("enum Contoso.Size") && shown.contains("How large an instance is."), "{shown}");

    let definition = editor.at("textDocument/definition", "main.tsp", CATALOGUE, "other?: Store", 9, json!({}));
    assert_eq!(definition[0]["uri"], editor.uri("main.tsp").as_str());
    assert_eq!(definition[0]["range"]["start"], json!({ "line": 13, "character": 6 }));

    let all = json!({ "context": { "includeDeclaration": true } });
    let references = editor.at("textDocument/references", "main.tsp", CATALOGUE, "Store {", 1, all);
    assert_eq!(references.as_array().unwrap().len(), 2, "{references}");

    let renamed = editor.at("textDocument/rename", "main.tsp", CATALOGUE, "Store {", 1, json!({ "newName": "Disk" }));
    let uri = editor.uri("main.tsp");
    let edits = renamed["changes"][&uri].as_array().unwrap();
    assert_eq!(edits.iter().map(|edit| edit["newText"].as_str().unwrap()).collect::<Vec<_>>(), ["Disk", "Disk"]);
    assert!(editor.leave().success());
}

#[test]
fn a_name_of_a_library_leads_to_a_file_that_can_be_opened() {
    let mut editor = Editor::start();
    editor.open("main.tsp", CATALOGUE);
    let text = CATALOGUE.replace("model Store", "@doc(\"x\")\nmodel Store");
    editor.change("main.tsp", &text);
    let found = editor.at("textDocument/definition", "main.tsp", &text, "@doc", 2, json!({}));
    let path = found[0]["uri"].as_str().unwrap().strip_prefix("file://").unwrap();
    let line = found[0]["range"]["start"]["line"].as_u64().unwrap() as usize;
    let declared = std::fs::read_to_string(path).unwrap();
    let help = editor.at("textDocument/signatureHelp", "main.tsp", &text, "\"x\"", 1, json!({}));
    let label = help["signatures"][0]["label"].as_str().unwrap();
    assert!(label.starts_with("@doc(doc: ") && help["activeParameter"] == 0, "{help}");
    assert!(declared.lines().nth(line).unwrap().contains("extern dec doc"), "{found}");
    assert!(editor.leave().success());
}

#[test]
fn a_file_that_another_one_imports_is_judged_with_it() {
    let mut editor = Editor::start();
    std::fs::write(editor.folder.path().join("main.tsp"), "import \"./part.tsp\";\nmodel Whole { part: Part }\n")
        .unwrap();
    assert_eq!(editor.open("part.tsp", "model Part { whole: Whole }\n"), Vec::<Json>::new());
    // Now the other file is the one that is wrong.
    editor.change("part.tsp", "model Piece { whole: Whole }\n");
    assert_eq!(editor.diagnostics("main.tsp").len(), 1);
    assert!(editor.leave().success());
}

#[test]
fn documents_are_formatted_and_outlined() {
    let mut editor = Editor::start();
    let text = "model   A{ x:string }";
    editor.open("a.tsp", text);
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let document = json!({ "uri": editor.uri("a.tsp") });
    let answer = editor.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    assert_eq!(answer["result"][0]["newText"], "model A {\n  x: string;\n}\n");
    let outline = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(outline["result"][0]["name"], "A", "{outline}");
    assert_eq!(outline["result"][0]["children"][0]["name"], "x");
    assert!(editor.leave().success());
}

#[test]
fn manifests_are_checked_too() {
    let mut editor = Editor::start();
    let found = editor.open("catalogue.yaml", "namespace: Contoso.Data\ntypes:\n  stores:\n    apiVersions: 7\n");
    assert!(!found.is_empty());
    assert!(editor.leave().success());
}

#[test]
fn words_are_coloured_blocks_folded_and_uses_highlighted() {
    let mut editor = Editor::start();
    editor.open("main.tsp", CATALOGUE);
    let document = json!({ "textDocument": { "uri": editor.uri("main.tsp") } });
    let data = editor.ask("textDocument/semanticTokens/full", document.clone())["result"]["data"].take();
    let data: Vec<u64> = data.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    // `import`, then its path.
    assert_eq!(data[..10], [0, 0, 6, 1, 0, 0, 7, 17, 2, 0], "{data:?}");
    assert_eq!(data.len() % 5, 0);
    let part = json!({
        "textDocument": document["textDocument"],
        "range": { "start": { "line": 2, "character": 0 }, "end": { "line": 3, "character": 0 } },
    });
    let part = editor.ask("textDocument/semanticTokens/range", part)["result"]["data"].take();
    assert_eq!(part, json!([2, 0, 5, 1, 0, 0, 6, 5, 5, 0]), "`using Radii`");
    let folds = editor.ask("textDocument/foldingRange", document)["result"].take();
    assert!(folds.as_array().unwrap().contains(&json!({ "startLine": 7, "endLine": 9 })), "{folds}");
    assert!(folds.as_array().unwrap().contains(&json!({ "startLine": 0, "endLine": 2, "kind": "imports" })), "{folds}");
    let uses = editor.at("textDocument/documentHighlight", "main.tsp", CATALOGUE, "Store {", 1, json!({}));
    assert_eq!(uses.as_array().unwrap().len(), 2, "{uses}");
    assert!(editor.leave().success());
}

#[test]
fn declarations_of_the_workspace_are_found_by_a_few_letters() {
    let mut editor = Editor::start();
    editor.open("main.tsp", CATALOGUE);
    let found = editor.ask("workspace/symbol", json!({ "query": "str" }))["result"].take();
    let names: Vec<&str> = found.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["Store"], "{found}");
    assert_eq!(found[0]["containerName"], "Contoso");
    assert_eq!(found[0]["location"]["uri"], editor.uri("main.tsp").as_str());
    assert!(editor.leave().success());
}

const MANIFEST: &str = "namespace: Contoso.Data
types:
  stores:
    description: Places for data.
    apiVersions:
      '2025-01-01':
        schema:
          type: object
          properties:
            size:
              type: string
              descripton: How large it is.
";

#[test]
fn keys_of_manifests_are_explained_completed_and_mended() {
    let mut editor = Editor::start();
    let found = editor.open("stores.yaml", MANIFEST);
    assert_eq!(found.len(), 1, "{found:?}");
    let hover = editor.at("textDocument/hover", "stores.yaml", MANIFEST, "apiVersions", 2, json!({}));
    assert!(hover["contents"]["value"].as_str().unwrap().starts_with("`apiVersions`: "), "{hover}");
    let keys = editor.at("textDocument/completion", "stores.yaml", MANIFEST, "descripton", 4, json!({}));
    assert!(["description", "minLength", "readOnly"].iter().all(|key| labels(&keys).contains(key)), "{keys}");
    let values = editor.at("textDocument/completion", "stores.yaml", MANIFEST, "type: string", 8, json!({}));
    assert!(labels(&values).contains(&"integer"), "{values}");
    let actions = editor.at("textDocument/codeAction", "stores.yaml", MANIFEST, "descripton", 0, {
        json!({ "range": found[0]["range"], "context": { "diagnostics": [] } })
    });
    let uri = editor.uri("stores.yaml");
    assert_eq!(actions[0]["edit"]["changes"][&uri][0]["newText"], "description", "{actions}");
    let right = MANIFEST.replace("descripton", "description");
    assert_eq!(editor.change("stores.yaml", &right), Vec::<Json>::new());
    let hover = editor.at("textDocument/hover", "stores.yaml", &right, "size:", 2, json!({}));
    assert_eq!(hover["contents"]["value"], "**size**: string\n\nHow large it is.");
    let symbols = editor.at("textDocument/documentSymbol", "stores.yaml", &right, "types", 0, json!({}));
    assert_eq!(symbols[0]["children"][0]["name"], "stores", "{symbols}");
    assert_eq!(symbols[0]["children"][0]["children"][0]["name"], "2025-01-01");
    assert!(editor.leave().success());
}

const RULED: &str = r#"import "@radii/typespec";

using Radii;

@defaultApiVersion("2025-01-01")
namespace Contoso.Ruled;

/** A port of a store. */
model Port {
  /** What it is called. */
  name: string;
  number: int32;
}

@resourceType("stores")
@validate("self.min <= self.max", "the least is at most the most")
@validate("self.ports.all(port, port.number > 0)")
model Store {
  /** The least that it holds. */
  min: int32;
  max: int32;
  title?: string;
  @maxItems(5) ports: Port[];
}
"#;

#[test]
fn a_rule_is_completed_by_what_it_speaks_of() {
    let mut editor = Editor::start();
    assert_eq!(editor.open("main.tsp", RULED), Vec::<Json>::new());
    let mut offered = |marked: &str, into: usize| {
        let answer = editor.at("textDocument/completion", "main.tsp", RULED, marked, into, json!({}));
        labels(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let properties = offered("self.min", 5);
    assert!(
        ["min", "max", "title", "ports"].iter().all(|name| properties.iter().any(|it| it == name)),
        "{properties:?}"
    );
    let names = offered("self.min", 0);
    assert!(["self", "oldSelf", "has", "size"].iter().all(|name| names.iter().any(|it| it == name)), "{names:?}");
    let list = offered("self.ports.all", 11);
    assert!(["all", "exists", "size"].iter().all(|name| list.iter().any(|it| it == name)), "{list:?}");
    let item = offered("port.number", 5);
    assert!(["name", "number"].iter().all(|name| item.iter().any(|it| it == name)), "{item:?}");
    let variable = offered("port.number", 0);
    assert_eq!(variable[0], "port", "the nearest first");
    // What has to be said to the author is no rule.
    assert_eq!(offered("the least is", 4), Vec::<String>::new());
    assert!(editor.leave().success());
}

#[test]
fn the_words_of_a_rule_are_explained() {
    let mut editor = Editor::start();
    editor.open("main.tsp", RULED);
    let mut hover = |marked: &str, into: usize| {
        let answer = editor.at("textDocument/hover", "main.tsp", RULED, marked, into, json!({}));
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(hover("self.min", 6), "```cel\nmin: an integer\n```\n\nThe least that it holds.");
    assert_eq!(hover("port.number", 1), "```cel\nport: an object\n```");
    assert!(hover(".all(port", 2).starts_with("```cel\nall(item, condition)\n```"));
    assert!(editor.leave().success());
}

#[test]
fn a_rule_that_is_wrong_is_underlined_in_its_text_and_mended() {
    let mut editor = Editor::start();
    let wrong = RULED.replace("self.min <=", "self.mim <=");
    let found = editor.open("main.tsp", &wrong);
    assert_eq!(found.len(), 1, "{found:?}");
    let line = wrong[..wrong.find("mim").unwrap()].matches('\n').count();
    let range = json!({ "start": { "line": line, "character": 16 }, "end": { "line": line, "character": 19 } });
    assert_eq!(found[0]["range"], range, "{found:?}");
    let document = json!({ "uri": editor.uri("main.tsp") });
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params);
    let uri = editor.uri("main.tsp");
    assert_eq!(actions["result"][0]["edit"]["changes"][&uri][0]["newText"], "min", "{actions}");
    // While it is being written it is none yet, and still it is known what can follow.
    let begun = RULED.replace("self.min <= self.max", "self.");
    editor.change("main.tsp", &begun);
    let answer = editor.at("textDocument/completion", "main.tsp", &begun, "self.\"", 5, json!({}));
    assert!(labels(&answer).contains(&"max"), "{answer}");
    assert!(editor.leave().success());
}

#[test]
fn nonsense_is_answered_and_survived() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("textDocument/unheardOf", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", json!({ "position": "here" }))["error"]["code"], -32602);
    let nowhere = json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(editor.ask("textDocument/hover", nowhere)["error"]["code"], -32602);
    let unknown = editor.uri("none.tsp");
    let absent = json!({ "textDocument": { "uri": unknown }, "position": { "line": 0, "character": 0 } });
    assert_eq!(editor.ask("textDocument/hover", absent)["result"], Json::Null);
    editor.notify("textDocument/didChange", json!({ "textDocument": 7 }));
    editor.notify("$/unheardOf", json!([]));
    editor.open("a.tsp", "model Ä { x: \"\u{1F600}\" }\nmodel { : @ \"");
    for (line, character) in [(0, 0), (0, 15), (0, 9_999), (1, 3), (9_999, 0), (4_294_967_295_u32, 4_294_967_295_u32)] {
        let document = json!({ "uri": editor.uri("a.tsp") });
        let place = json!({ "textDocument": document, "position": { "line": line, "character": character } });
        for method in ["semanticTokens/full", "foldingRange"] {
            let answer = editor.ask(&format!("textDocument/{method}"), json!({ "textDocument": document }));
            assert!(answer.get("error").is_none(), "{method} {answer}");
        }
        for method in ["hover", "completion", "definition", "documentHighlight", "signatureHelp"] {
            let answer = editor.ask(&format!("textDocument/{method}"), place.clone());
            assert!(answer.get("error").is_none(), "{method} {answer}");
        }
    }
    assert!(editor.leave().success());
}

#[test]
fn an_editor_that_just_leaves_is_told_on_by_the_exit_code() {
    let mut editor = Editor::start();
    drop(editor.input.take());
    assert!(!editor.process.wait().unwrap().success());
}
