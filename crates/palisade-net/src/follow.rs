//! From redirect to redirect, each one judged and resolved anew.

use std::future::Future;
use std::net::IpAddr;

use palisade_guards::network::Target;

use crate::FetchError;
use crate::dial::{Connection, Dialler};

/// What one request came to.
#[derive(Debug)]
pub enum Answer<T> {
    /// Another address.
    Redirect {
        /// The status.
        status: u16,
        /// The `Location`, as it was sent.
        location: String,
    },
    /// The end of the way.
    Final(T),
}

/// Somebody who puts one request over an open connection.
pub trait Exchange {
    /// What the last answer is.
    type Output;

    /// Asks for `target`. There are no credentials and no cookies that could
    /// go along to another origin: a request is its target and nothing else.
    fn ask(
        &mut self,
        target: &Target,
        connection: Connection,
    ) -> impl Future<Output = Result<Answer<Self::Output>, FetchError>> + Send;
}

/// One request on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The address that was asked for.
    pub url: String,
    /// The address that was dialled.
    pub dialled: IpAddr,
    /// The redirect's status; `None` for the last one.
    pub status: Option<u16>,
}

/// Asks for `first`, and for whatever the answers redirect to; `steps` gets
/// every request whose connection stood.
///
/// # Errors
/// What ended it; `steps` has what was dialled until then.
pub async fn follow<E: Exchange>(
    first: Target,
    dialler: &Dialler,
    exchange: &mut E,
    steps: &mut Vec<Step>,
) -> Result<(Target, E::Output), FetchError> {
    let mut target = first;
    let mut hops = 0;
    loop {
        let connection = dialler.dial(target.destination()).await.map_err(FetchError::Dial)?;
        let dialled = connection.peer.ip();
        steps.push(Step { url: target.url().to_owned(), dialled, status: None });
        match exchange.ask(&target, connection).await? {
            Answer::Final(output) => return Ok((target, output)),
            Answer::Redirect { status, location } => {
                if let Some(step) = steps.last_mut() {
                    step.status = Some(status);
                }
                hops += 1;
                let hop = target.hop(&location, hops, dialler.reach());
                target = hop.map_err(FetchError::Refused)?.target;
            }
        }
    }
}
