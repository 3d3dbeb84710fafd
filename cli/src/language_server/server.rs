//! The session: messages in, answers and diagnostics out.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, InitializeParams,
    PublishDiagnosticsParams, TextDocumentIdentifier, Uri, WorkspaceFolders,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use typespec::World as _;

use super::documents::Documents;
use super::positions::{path_of, uri_of};
use super::projects::Projects;
use super::publish::{self, ByPath};
use super::{answers, libraries};
use crate::sources::looks_like_manifest;

/// A session with an editor.
pub struct Server {
    connection: Connection,
    /// What is open.
    pub documents: Documents,
    /// What is compiled.
    pub projects: Projects,
    /// What the editor was told last, by path.
    published: ByPath,
    /// Open documents about which the editor is to be told something.
    dirty: BTreeSet<String>,
    /// Whether the editor said goodbye.
    is_shut_down: bool,
}

/// Why a request has no answer.
#[derive(Debug)]
pub struct Failure {
    /// The protocol's number for it.
    pub code: ErrorCode,
    /// What to do about it.
    pub message: String,
}

impl Failure {
    /// Returns a failure of a request that was understood.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::RequestFailed, message: message.into() }
    }
}

impl Server {
    /// Waits for the editor's greeting, and answers it.
    pub fn start(connection: Connection) -> Result<Self, ProtocolError> {
        let (id, params) = connection.initialize_start()?;
        // Whatever else a greeting says, there is nothing in it that we could not do without.
        let roots = serde_json::from_value(params).map(|params| roots(&params)).unwrap_or_default();
        let greeting = json!({
            "capabilities": answers::capabilities(),
            "serverInfo": { "name": "rad", "version": env!("CARGO_PKG_VERSION") },
        });
        // An error says that the editor is gone, which the next receive says too.
        let _ = connection.sender.send(Response::new_ok(id, greeting).into());
        Ok(Self {
            connection,
            documents: Documents::default(),
            projects: Projects::new(roots),
            published: ByPath::new(),
            dirty: BTreeSet::new(),
            is_shut_down: false,
        })
    }

    /// Serves until the editor leaves; returns whether it said goodbye.
    pub fn serve(mut self) -> bool {
        loop {
            // Only when nothing waits any more: of many keystrokes the last one counts.
            if self.connection.receiver.is_empty() && !self.dirty.is_empty() {
                self.publish();
            }
            match self.connection.receiver.recv() {
                Ok(Message::Request(request)) => self.request(request),
                Ok(Message::Notification(notification)) if notification.method == "exit" => return self.is_shut_down,
                Ok(Message::Notification(notification)) => self.notification(notification),
                Ok(Message::Response(_)) => {}
                Err(_) => return self.is_shut_down,
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if method == "shutdown" {
            self.is_shut_down = true;
            return self.send(Response::new_ok(id, Json::Null));
        }
        if self.is_shut_down {
            let message = "the session is over: `exit` is all that may follow `shutdown`".to_owned();
            return self.send(Response::new_err(id, ErrorCode::InvalidRequest as i32, message));
        }
        let answer = catch_unwind(AssertUnwindSafe(|| answers::answer(self, &method, params)));
        let answer = answer.unwrap_or_else(|_| {
            Err(Failure { code: ErrorCode::InternalError, message: format!("`{method}` failed; this is a bug of rad") })
        });
        self.send(match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(failure) => Response::new_err(id, failure.code as i32, failure.message),
        });
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                let Ok(params) = parse::<DidOpenTextDocumentParams>(params) else { return };
                let document = params.text_document;
                let Some(path) = path_of(&document.uri) else { return };
                self.documents.open(path.clone(), document.text, document.version);
                self.touched(path);
            }
            "textDocument/didChange" => {
                let Ok(params) = parse::<DidChangeTextDocumentParams>(params) else { return };
                let document = params.text_document;
                let Some(path) = path_of(&document.text_document_identifier.uri) else { return };
                if self.documents.change(&path, document.version, params.content_changes) {
                    self.touched(path);
                }
            }
            "textDocument/didClose" => {
                let Ok(params) = parse::<DidCloseTextDocumentParams>(params) else { return };
                let Some(path) = path_of(&params.text_document.uri) else { return };
                self.documents.close(&path);
                self.touched(path);
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.everything_changed(),
            "workspace/didChangeWorkspaceFolders" => self.change_roots(&params),
            _ => {}
        }
    }

    fn touched(&mut self, path: String) {
        self.projects.forget();
        self.dirty.insert(path);
    }

    fn everything_changed(&mut self) {
        self.projects.forget();
        self.dirty.extend(self.documents.paths().map(str::to_owned));
    }

    fn change_roots(&mut self, params: &Json) {
        let uris = |key: &str| -> Vec<String> {
            let list = params["event"][key].as_array().into_iter().flatten();
            list.filter_map(|folder| path_of(&Uri(folder["uri"].as_str()?.to_owned()))).collect()
        };
        let (added, removed) = (uris("added"), uris("removed"));
        self.projects.roots.retain(|root| !removed.contains(root));
        self.projects.roots.extend(added);
        self.everything_changed();
    }

    /// Tells the editor what is wrong now, where that is not what it knows already.
    fn publish(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        let found = self.diagnose();
        let gone = self.published.keys().filter(|path| !found.contains_key(*path)).cloned();
        let cleared: BTreeMap<String, _> = gone.map(|path| (path, Vec::new())).collect();
        for (path, diagnostics) in cleared.iter().chain(&found) {
            let known = self.published.get(path).map(Vec::as_slice).unwrap_or_default();
            if dirty.contains(path) || known != diagnostics {
                self.tell(path, diagnostics.clone());
            }
        }
        self.published = found;
    }

    /// What is wrong with all that is open, and with the programs that it belongs to.
    fn diagnose(&mut self) -> ByPath {
        let mut found = ByPath::new();
        let paths: Vec<String> = self.documents.paths().map(str::to_owned).collect();
        for path in paths.into_iter().filter(|path| !libraries::is_laid_out(path)) {
            if found.contains_key(&path) {
                continue;
            }
            if path.ends_with(".tsp") {
                if let Some(place) = self.projects.find(&self.documents, &path) {
                    found.extend(publish::of_program(&place.compilation, &path));
                }
            } else if let Some(text) = self.documents.read(&path)
                && [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
                && looks_like_manifest(camino::Utf8Path::new(&path), text.as_bytes())
            {
                found.extend(publish::of_manifest(&path, &text));
            }
        }
        found
    }

    fn tell(&self, path: &str, diagnostics: Vec<gen_lsp_types::Diagnostic>) {
        let version = self.documents.find(path).map(|document| document.version);
        let params = PublishDiagnosticsParams { uri: uri_of(path), version, diagnostics };
        let notification = Notification::new("textDocument/publishDiagnostics".to_owned(), params);
        let _ = self.connection.sender.send(notification.into());
    }

    fn send(&self, response: Response) {
        // An error says that the editor is gone, which the next receive says too.
        let _ = self.connection.sender.send(response.into());
    }
}

/// Reads the parameters of a message.
pub fn parse<T: DeserializeOwned>(params: Json) -> Result<T, Failure> {
    serde_json::from_value(params)
        .map_err(|error| Failure { code: ErrorCode::InvalidParams, message: format!("wrong parameters: {error}") })
}

/// The path of a document that the editor names.
pub fn path(document: &TextDocumentIdentifier) -> Result<String, Failure> {
    path_of(&document.uri).ok_or_else(|| {
        let message = format!("`{}` is no file; only `file:` documents are understood", document.uri);
        Failure { code: ErrorCode::InvalidParams, message }
    })
}

fn roots(params: &InitializeParams) -> Vec<String> {
    let folders = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolders::WorkspaceFolderList(list)) => list.iter().filter_map(|it| path_of(&it.uri)).collect(),
        _ => Vec::new(),
    };
    if !folders.is_empty() {
        return folders;
    }
    #[expect(deprecated, reason = "editors without folders of a workspace still say where they are this way")]
    let root = params.root_uri.as_ref().and_then(path_of);
    root.into_iter().collect()
}
