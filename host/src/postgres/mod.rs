//! `spin:postgres/postgres@4.2.0`: outbound PostgreSQL, with the types, limits and error texts of
//! Spin's crate `factor-outbound-pg`.

#![expect(
    clippy::result_large_err,
    reason = "the error is the WIT's; boxing it would only unbox it again"
)]

mod client;
mod tls;
mod types;

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::mpsc;
use tokio_postgres::config::Host as Address;
use wasmtime::{
    StoreContextMut,
    component::{
        Accessor, Destination, FutureReader, HasSelf, Resource, StreamProducer, StreamReader,
        StreamResult,
    },
};

use self::client::Client;
pub(crate) use self::client::Pools;
use crate::{
    allowed_hosts::AllowedHosts,
    bindings::spin::postgres::postgres::{
        Column, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore,
        HostConnectionWithStore, ParameterValue, Row, RowSet,
    },
    instance::State,
};

/// An open connection; goes back to its pool when the last user drops it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(Client);

/// An address that is not yet opened, with the certificate authority to trust for it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct ConnectionBuilder {
    address: String,
    root_ca: Option<String>,
}

/// Every host of the address must be allowed.
fn check_address(address: &str, allowed: &AllowedHosts) -> Result<(), Error> {
    let config = address
        .parse::<tokio_postgres::Config>()
        .map_err(|error| Error::ConnectionFailed(error.to_string()))?;
    let ports = config.get_ports();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let Address::Tcp(host) = host else {
            return Err(Error::ConnectionFailed(
                "Unix sockets are not supported on WebAssembly".into(),
            ));
        };
        let port = match ports {
            [single] => Some(single),
            _ => ports.get(index),
        };
        let url = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        if !allowed.allow(&url, "postgres") {
            return Err(Error::ConnectionFailed(format!(
                "address postgres://{url} is not permitted"
            )));
        }
    }
    Ok(())
}

impl State {
    async fn open_postgres(
        &mut self,
        address: &str,
        root_ca: Option<&str>,
    ) -> Result<Resource<Connection>, Error> {
        check_address(address, &self.configuration.allowed_hosts)?;
        let client = self.configuration.postgres.get(address, root_ca).await?;
        self.push_connection(client)
    }

    fn push_connection(&mut self, client: Client) -> Result<Resource<Connection>, Error> {
        self.table
            .push(Connection(client))
            .map_err(|_| Error::ConnectionFailed("too many connections".into()))
    }

    fn client(&self, connection: &Resource<Connection>) -> Result<Client, Error> {
        match self.table.get(connection) {
            Ok(Connection(client)) => Ok(client.clone()),
            Err(_) => Err(Error::ConnectionFailed("no connection found".into())),
        }
    }

    fn builder(
        &mut self,
        builder: &Resource<ConnectionBuilder>,
    ) -> Result<&mut ConnectionBuilder, Error> {
        self.table
            .get_mut(builder)
            .map_err(|_| Error::ConnectionFailed("no builder found".into()))
    }
}

/// Opens without holding the store, so that other requests of the instance go on meanwhile.
async fn open_concurrently<T: Send>(
    accessor: &Accessor<T, HasSelf<State>>,
    address: &str,
    root_ca: Option<&str>,
) -> Result<Resource<Connection>, Error> {
    let configuration = accessor.with(|mut access| access.get().configuration.clone());
    check_address(address, &configuration.allowed_hosts)?;
    let client = configuration.postgres.get(address, root_ca).await?;
    accessor.with(|mut access| access.get().push_connection(client))
}

impl Host for State {}

impl HostConnection for State {
    async fn open(&mut self, address: String) -> Result<Resource<Connection>, Error> {
        self.open_postgres(&address, None).await
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, Error> {
        self.client(&connection)?
            .query(&statement, &parameters)
            .await
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        self.client(&connection)?
            .execute(&statement, &parameters)
            .await
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<Connection>, Error> {
        open_concurrently(accessor, &address, None).await
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<
        (
            Vec<Column>,
            StreamReader<Row>,
            FutureReader<Result<(), Error>>,
        ),
        Error,
    > {
        let client = accessor.with(|mut access| access.get().client(&connection))?;
        let streamed = client.query_streamed(&statement, &parameters).await?;
        accessor
            .with(|mut access| {
                let rows = StreamReader::new(&mut access, Received(streamed.rows))?;
                let outcome = FutureReader::new(&mut access, streamed.outcome)?;
                wasmtime::error::Ok((streamed.columns, rows, outcome))
            })
            .map_err(|error| Error::Other(error.to_string()))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        let client = accessor.with(|mut access| access.get().client(&connection))?;
        client.execute(&statement, &parameters).await
    }
}

impl HostConnectionBuilder for State {
    async fn new(&mut self, address: String) -> Resource<ConnectionBuilder> {
        let builder = ConnectionBuilder {
            address,
            root_ca: None,
        };
        // Only a full table refuses; a handle without entry then fails when it is used.
        self.table
            .push(builder)
            .unwrap_or_else(|_| Resource::new_own(u32::MAX))
    }

    async fn set_ca_root(
        &mut self,
        builder: Resource<ConnectionBuilder>,
        certificate: String,
    ) -> Result<(), Error> {
        tls::certificates(&certificate)
            .map_err(|error| Error::Other(format!("invalid root certificate: {error}")))?;
        self.builder(&builder)?.root_ca = Some(certificate);
        Ok(())
    }

    async fn build(
        &mut self,
        builder: Resource<ConnectionBuilder>,
    ) -> Result<Resource<Connection>, Error> {
        let ConnectionBuilder { address, root_ca } = self.builder(&builder)?;
        let (address, root_ca) = (address.clone(), root_ca.clone());
        self.open_postgres(&address, root_ca.as_deref()).await
    }

    async fn drop(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionBuilderWithStore<T> for HasSelf<State> {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<ConnectionBuilder>,
    ) -> Result<Resource<Connection>, Error> {
        let (address, root_ca) = accessor.with(|mut access| {
            let ConnectionBuilder { address, root_ca } = access.get().builder(&builder)?;
            Ok((address.clone(), root_ca.clone()))
        })?;
        open_concurrently(accessor, &address, root_ca.as_deref()).await
    }
}

/// A channel as the host's end of a component-model stream.
struct Received<T>(mpsc::Receiver<T>);

impl<D, T: Send + Sync + 'static> StreamProducer<D> for Received<T> {
    type Item = T;
    type Buffer = Option<T>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, T, Option<T>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        Poll::Ready(Ok(match self.get_mut().0.poll_recv(context) {
            Poll::Ready(Some(item)) => {
                destination.set_buffer(Some(item));
                StreamResult::Completed
            }
            Poll::Ready(None) => StreamResult::Dropped,
            Poll::Pending if finish => StreamResult::Cancelled,
            Poll::Pending => return Poll::Pending,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Variables;

    #[test]
    fn every_host_of_an_address_must_be_allowed() {
        let entries = [
            "postgres://a.example".to_owned(),
            "postgres://b.example:6000".to_owned(),
        ];
        let allowed = AllowedHosts::parse(&entries, &Variables::default()).unwrap();
        for (address, refused) in [
            ("postgres://u:p@a.example/db", None),
            ("host=a.example,b.example port=5432,6000", None),
            ("host=a.example,b.example port=5432", Some("b.example:5432")),
            ("postgres://u:p@c.example/db", Some("c.example:5432")),
        ] {
            match (check_address(address, &allowed), refused) {
                (Ok(()), None) => {}
                (Err(Error::ConnectionFailed(text)), Some(host)) => {
                    assert_eq!(text, format!("address postgres://{host} is not permitted"));
                }
                (result, _) => unreachable!("{address}: {result:?}"),
            }
        }
        assert!(check_address("host=/run/postgresql", &allowed).is_err());
        assert!(check_address("not an address", &allowed).is_err());
    }
}
