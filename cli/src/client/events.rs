//! The change feed: server-sent events, followed across broken connections.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value as Json;

use super::{Client, Error, retry_after};

/// A silence after which a connection counts as broken; the server sends something more often.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a feed that ended is left alone before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// So many connections in a row may bring nothing.
const VAIN: u32 = 30;

/// One event of the feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// What happened: `added`, `modified`, `deleted`, `bookmark` or `error`.
    pub name: String,
    /// From where one can go on; empty for what was there already.
    pub id: String,
    /// What it is about.
    pub data: Json,
}

/// Takes a stream apart into events, whatever pieces it arrives in.
#[derive(Debug, Default)]
pub struct Events {
    rest: Vec<u8>,
    name: String,
    id: String,
    data: String,
}

impl Events {
    /// Takes a piece in, and returns the events that it completes.
    pub fn take(&mut self, piece: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let Events { name, id, data, .. } = self.parts();
            return (!data.is_empty()).then(|| Event {
                name,
                id,
                data: serde_json::from_str(&data).unwrap_or_default(),
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.to_owned(),
            "id" => self.id = value.to_owned(),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, or a field that says nothing to us.
            _ => {}
        }
        None
    }

    /// Takes out what belongs to one event.
    fn parts(&mut self) -> Self {
        Self {
            rest: Vec::new(),
            name: std::mem::take(&mut self.name),
            id: std::mem::take(&mut self.id),
            data: std::mem::take(&mut self.data),
        }
    }
}

/// Whether a watch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// With the next event.
    On,
    /// It has seen enough.
    Enough,
}

impl Client {
    /// Follows the change feed and hands each event over, until that has seen enough.
    ///
    /// A connection that breaks is made again, and the feed goes on behind the last event.
    ///
    /// # Errors
    /// When the server cannot be reached for long, refuses the watch, or cannot go on.
    pub async fn follow<E: From<Error>>(
        &self,
        query: &[(&str, String)],
        mut on_event: impl FnMut(Event) -> Result<Watch, E>,
    ) -> Result<(), E> {
        let mut last = String::new();
        let mut vain = 0;
        loop {
            let outcome = self.follow_once(query, &mut last, &mut on_event, &mut vain).await?;
            match outcome {
                Outcome::Enough => return Ok(()),
                Outcome::Broken(Some(error)) if vain >= VAIN => return Err(error.into()),
                Outcome::Broken(_) => vain += 1,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn follow_once<E: From<Error>>(
        &self,
        query: &[(&str, String)],
        last: &mut String,
        on_event: &mut impl FnMut(Event) -> Result<Watch, E>,
        vain: &mut u32,
    ) -> Result<Outcome, E> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/watch", self.base.path()));
        url.query_pairs_mut().extend_pairs(query);
        let unreachable = |source| Error::Unreachable { root: self.root(), url: url.to_string(), source };
        let http = self.http().map_err(unreachable)?;
        let mut request = http.get(url.clone()).timeout(Duration::from_secs(24 * 60 * 60));
        request = request.header("accept", "text/event-stream");
        if !last.is_empty() {
            request = request.header("last-event-id", last.as_str());
        }
        if let Some(token) = self.credentials.authorization() {
            request = request.header(reqwest::header::AUTHORIZATION, token.clone());
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            // A server that was never there is told at once; one that was is waited for.
            Err(source) if last.is_empty() && *vain == 0 => return Err(unreachable(source).into()),
            Err(source) => return Ok(Outcome::Broken(Some(unreachable(source)))),
        };
        let status = response.status();
        if super::is_busy(status) {
            tokio::time::sleep(retry_after(response.headers()).unwrap_or(PAUSE)).await;
            return Ok(Outcome::Broken(None));
        }
        if status != StatusCode::OK {
            let body = response.bytes().await.map_err(unreachable)?;
            let body = serde_json::from_slice(&body).unwrap_or_default();
            return Err(Error::refused(&reqwest::Method::GET, &url, status, body).into());
        }
        let mut events = Events::default();
        loop {
            let piece = match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) | Err(_) => return Ok(Outcome::Broken(None)),
                Ok(Err(source)) => return Ok(Outcome::Broken(Some(unreachable(source)))),
            };
            *vain = 0;
            for event in events.take(&piece) {
                if event.name == "error" {
                    let status = StatusCode::GONE;
                    return Err(Error::refused(&reqwest::Method::GET, &url, status, event.data).into());
                }
                if !event.id.is_empty() {
                    last.clone_from(&event.id);
                }
                if on_event(event)? == Watch::Enough {
                    return Ok(Outcome::Enough);
                }
            }
        }
    }
}

/// How a connection ended.
enum Outcome {
    Enough,
    /// The feed may go on; why it broke, if that is known.
    Broken(Option<Error>),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STREAM: &str =
        ": hello\n\nevent: added\ndata: {\"a\":\ndata: 1}\n\nevent: bookmark\nid: 7\nretry: 5\ndata: {}\r\n\r\n";

    #[test]
    fn events_are_found_whatever_pieces_they_arrive_in() {
        let event = |name: &str, id: &str, data: Json| Event { name: name.to_owned(), id: id.to_owned(), data };
        let expected = [event("added", "", json!({ "a": 1 })), event("bookmark", "7", json!({}))];
        for size in 1..STREAM.len() {
            let mut events = Events::default();
            let found: Vec<Event> = STREAM.as_bytes().chunks(size).flat_map(|piece| events.take(piece)).collect();
            assert_eq!(found, expected, "pieces of {size}");
        }
    }
}
