//! What is asked for once, however many charts need it.

use crate::problem::Problem;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

type Cell<V> = Arc<OnceCell<Result<Arc<V>, Problem>>>;

/// Answers by what was asked. Also a failure stands: what is down is waited for once, not for each chart.
pub(super) struct Once<K, V>(Mutex<BTreeMap<K, Cell<V>>>);

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V> Once<K, V> {
    /// The answer, which is got when it is first needed.
    pub(super) async fn get(
        &self,
        key: K,
        get: impl Future<Output = Result<V, Problem>>,
    ) -> Result<Arc<V>, Problem> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_init(|| async { get.await.map(Arc::new) }).await.clone()
    }
}
