//! Ending early, in good order: who cancels can wait until whoever holds on has let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

/// Asks work to end early, and knows whether somebody still needs time for that.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    token: CancellationToken,
    holders: Arc<AtomicUsize>,
}

impl Cancel {
    /// Asks everybody to end.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Returns when everybody is asked to end.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Whether everybody was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Says that ending takes a while: a program must be told, and be waited for. Until the answer is
    /// dropped, the work is not abandoned at once.
    pub fn hold(&self) -> Hold {
        self.holders.fetch_add(1, Ordering::Relaxed);
        Hold(self.holders.clone())
    }

    /// Whether anybody needs time to end.
    pub fn is_held(&self) -> bool {
        self.holders.load(Ordering::Relaxed) > 0
    }
}

/// Somebody who needs time to end.
#[derive(Debug)]
pub struct Hold(Arc<AtomicUsize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
