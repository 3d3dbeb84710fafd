//! The language server: an editor's documents, compiled as they are typed, and answers about them.
//!
//! What things mean is `typespec::service`'s business. Here are the protocol, the files, and positions as editors
//! count them.

mod answers;
mod documents;
mod keys;
mod libraries;
mod manifests;
mod positions;
mod projects;
mod publish;
mod rules;
mod server;
mod tokens;

use lsp_server::Connection;

use crate::error::Error;
use server::Server;

/// Serves the editor on standard input and output until it says goodbye.
///
/// # Errors
/// The editor speaks something else, or leaves without `shutdown`.
pub fn run() -> Result<(), Error> {
    let (connection, threads) = Connection::stdio();
    let ending = Server::start(connection);
    let said_goodbye = match ending {
        Ok(server) => server.serve(),
        Err(error) => return Err(Error::failed(format!("the editor did not begin as the protocol asks: {error}"))),
    };
    threads.join().map_err(|error| {
        Error::failed(format!("the editor sent what is no message: {error}"))
            .hint("messages are JSON-RPC behind a `Content-Length` header")
    })?;
    if said_goodbye { Ok(()) } else { Err(Error::failed("the editor left without `shutdown`")) }
}
