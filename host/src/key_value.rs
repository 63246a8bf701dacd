//! `spin:key-value/key-value@3.0.0`, with the one store `default`: a file in the state folder, or
//! memory if there is none.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, backends::InMemoryBackend};
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use crate::{
    bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore},
    instance::State,
};

const TABLE: TableDefinition<&str, &[u8]> = TableDefinition::new("default");

/// An open store, also as the guest's handle; clones share it.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Store(Arc<Database>);

type Outcome<T> = Result<T, redb::Error>;

impl Store {
    /// Opens the store, and makes it if it is new.
    pub(crate) fn open(state: Option<&Path>) -> Result<Self> {
        let database = match state {
            None => Database::builder().create_with_backend(InMemoryBackend::new())?,
            Some(folder) => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
                let path = folder.join("key_value.redb");
                Database::create(&path).with_context(|| {
                    format!(
                        "cannot open {} (does another host use this --state-dir?)",
                        path.display()
                    )
                })?
            }
        };
        let store = Self(Arc::new(database));
        // Readers need the table to be there.
        store.write(|_| Ok(()))?;
        Ok(store)
    }

    fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    fn keys(&self) -> Outcome<Vec<String>> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let keys = table.iter()?.map(|entry| Ok(entry?.0.value().to_owned()));
        keys.collect()
    }

    fn write(
        &self,
        change: impl FnOnce(&mut redb::Table<'_, &'static str, &'static [u8]>) -> Outcome<()>,
    ) -> Outcome<()> {
        let transaction = self.0.begin_write()?;
        change(&mut transaction.open_table(TABLE)?)?;
        transaction.commit()?;
        Ok(())
    }

    fn set(&self, key: &str, value: &[u8]) -> Outcome<()> {
        self.write(|table| {
            table.insert(key, value)?;
            Ok(())
        })
    }

    fn delete(&self, key: &str) -> Outcome<()> {
        self.write(|table| {
            table.remove(key)?;
            Ok(())
        })
    }

    /// Runs an operation on this store where it may wait for the disk.
    async fn run<R: Send + 'static>(
        self,
        operation: impl FnOnce(&Self) -> Outcome<R> + Send + 'static,
    ) -> Result<R, Error> {
        match tokio::task::spawn_blocking(move || operation(&self)).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Error::Other(error.to_string())),
            Err(error) => Err(Error::Other(error.to_string())),
        }
    }
}

/// The store behind a handle of the guest.
fn store<T: Send>(
    accessor: &Accessor<T, HasSelf<State>>,
    handle: &Resource<Store>,
) -> Result<Store, Error> {
    accessor.with(|mut access| {
        let store = access.get().table.get(handle);
        store.cloned().map_err(|_| Error::NoSuchStore)
    })
}

impl Host for State {}

impl HostStore for State {
    async fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: Send> HostStoreWithStore<T> for HasSelf<State> {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Store>, Error> {
        accessor.with(|mut access| {
            let state = access.get();
            let store = state.configuration.key_value_stores.get(&label);
            let store = store.cloned().ok_or(Error::AccessDenied)?;
            state.table.push(store).map_err(|_| Error::StoreTableFull)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        handle: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        let store = store(accessor, &handle)?;
        store.run(move |store| store.get(&key)).await
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        handle: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        let store = store(accessor, &handle)?;
        store.run(move |store| store.set(&key, &value)).await
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        handle: Resource<Store>,
        key: String,
    ) -> Result<(), Error> {
        let store = store(accessor, &handle)?;
        store.run(move |store| store.delete(&key)).await
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        handle: Resource<Store>,
        key: String,
    ) -> Result<bool, Error> {
        let store = store(accessor, &handle)?;
        store.run(move |store| Ok(store.get(&key)?.is_some())).await
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        handle: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let keys = match store(accessor, &handle) {
            Ok(store) => store.run(Store::keys).await,
            Err(error) => Err(error),
        };
        let (keys, outcome) = match keys {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let outcome = FutureReader::new(&mut access, async { wasmtime::error::Ok(outcome) })?;
            Ok((keys, outcome))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_listed_and_deleted() {
        let store = Store::open(None).unwrap();
        assert_eq!(store.get("a").unwrap(), None);
        store.set("a", b"1").unwrap();
        store.set("a", b"2").unwrap();
        store.set("b", b"").unwrap();
        assert_eq!(store.get("a").unwrap().as_deref(), Some(&b"2"[..]));
        assert_eq!(store.keys().unwrap(), ["a", "b"]);
        store.delete("a").unwrap();
        store.delete("a").unwrap();
        assert_eq!(store.keys().unwrap(), ["b"]);
    }
}
