//! SOCKS5 (RFC 1928): no authentication, CONNECT only.

use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Host;

use super::target::{Target, host_of};

/// The first byte of a client that speaks it.
pub const VERSION: u8 = 5;

/// Answers of a SOCKS server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reply {
    /// Connected.
    Connected = 0,
    /// Something failed here.
    Failed = 1,
    /// A rule forbids it.
    Forbidden = 2,
    /// The host cannot be reached.
    Unreachable = 4,
    /// Only CONNECT is known.
    NoSuchCommand = 7,
    /// An address of a kind that is not known.
    NoSuchAddress = 8,
}

/// Reads the greeting and the request. `Err(None)` is a client that went away
/// or does not speak SOCKS5.
pub async fn asked(stream: &mut TcpStream) -> Result<Target, Option<Reply>> {
    let gone = |_| None;
    if stream.read_u8().await.map_err(gone)? != VERSION {
        return Err(None);
    }
    let mut methods = vec![0; stream.read_u8().await.map_err(gone)?.into()];
    stream.read_exact(&mut methods).await.map_err(gone)?;
    if !methods.contains(&0) {
        let _ = stream.write_all(&[VERSION, 0xff]).await;
        return Err(None);
    }
    stream.write_all(&[VERSION, 0]).await.map_err(gone)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(gone)?;
    let [version, command, reserved, kind] = head;
    if version != VERSION || reserved != 0 {
        return Err(None);
    }
    let host = match kind {
        1 => Some(Host::Ipv4(Ipv4Addr::from(stream.read_u32().await.map_err(gone)?))),
        3 => {
            let mut name = vec![0; stream.read_u8().await.map_err(gone)?.into()];
            stream.read_exact(&mut name).await.map_err(gone)?;
            // A NUL or any other oddity in a name makes it none.
            String::from_utf8(name).ok().and_then(|name| host_of(&name))
        }
        4 => Some(Host::Ipv6(Ipv6Addr::from(stream.read_u128().await.map_err(gone)?))),
        _ => return Err(Some(Reply::NoSuchAddress)),
    };
    let port = stream.read_u16().await.map_err(gone)?;
    if command != 1 {
        return Err(Some(Reply::NoSuchCommand));
    }
    match host {
        Some(host) if port != 0 => Ok(Target { host, port }),
        _ => Err(Some(Reply::Forbidden)),
    }
}

/// Says how it went. The bound address is nobody's business.
pub async fn reply(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    stream.write_all(&[VERSION, reply as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await
}
