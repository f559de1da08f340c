//! The way to the server: its name, its port, its encryption.

use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use tokio::net::{TcpStream, lookup_host};

use super::{Finding, Report, bounded, chain, tls};
use crate::{
    cli::{error::CliError, login::is_heard_by_others, session::aside},
    client::Client,
    config::context::Target,
};

/// Where a server is.
struct Place {
    host: String,
    port: u16,
    encrypted: bool,
}

/// Tests the way to a server; a client of it when it can be reached.
pub(super) async fn look(report: &mut Report<'_>, target: &Target) -> Result<Option<Client>, CliError> {
    let server = target.server.as_str();
    let Some(place) = place(server) else {
        let cure = "expected http://HOST:PORT or https://HOST; sign in again with: worpen login";
        report.take(Finding::failed("dns", format!("'{server}' is not a server's address"), cure))?;
        return Ok(None);
    };
    let (finding, addresses) = dns(&place).await;
    if !report.take(finding)? {
        return Ok(None);
    }
    let (finding, address) = tcp(&place, &addresses).await;
    report.take(finding)?;
    let Some(address) = address else { return Ok(None) };
    if !report.take(encryption(target, &place, address).await?)? {
        return Ok(None);
    }
    match Client::trusting(server, target.token.clone(), target.authority.as_deref()) {
        Ok(client) => Ok(Some(client)),
        Err(error) => {
            report.take(Finding::failed("server", chain(&error), "sign in again with: worpen login"))?;
            Ok(None)
        }
    }
}

fn place(server: &str) -> Option<Place> {
    let address: http::Uri = server.parse().ok()?;
    let encrypted = match address.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let host = address.host()?.trim_matches(['[', ']']).to_owned();
    Some(Place { host, port: address.port_u16().unwrap_or(if encrypted { 443 } else { 80 }), encrypted })
}

async fn dns(place: &Place) -> (Finding, Vec<SocketAddr>) {
    let Place { host, port, .. } = place;
    if let Ok(ip) = host.parse::<IpAddr>() {
        return (Finding::ok("dns", format!("{ip} needs no name")), vec![SocketAddr::new(ip, *port)]);
    }
    let begun = Instant::now();
    let asked = lookup_host((host.as_str(), *port));
    let found = bounded(async { asked.await.map(Vec::from_iter).map_err(|error| error.to_string()) }).await;
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            let ips: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let took = begun.elapsed().as_millis();
            (Finding::ok("dns", format!("{host} is {} ({took} ms)", ips.join(", "))), addresses)
        }
        Ok(_) => (unknown_name(host, "it has no address"), Vec::new()),
        Err(reason) => (unknown_name(host, &reason), Vec::new()),
    }
}

fn unknown_name(host: &str, reason: &str) -> Finding {
    let cure = "check the spelling and the resolver (/etc/resolv.conf, a VPN), or sign in to another address";
    Finding::failed("dns", format!("{host} cannot be found: {reason}"), cure)
}

async fn tcp(place: &Place, addresses: &[SocketAddr]) -> (Finding, Option<SocketAddr>) {
    let begun = Instant::now();
    let connected = bounded(async {
        let mut reasons = Vec::new();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(_) => return Ok(*address),
                Err(error) => reasons.push(format!("{address}: {error}")),
            }
        }
        Err(reasons.join("; "))
    })
    .await;
    match connected {
        Ok(address) => {
            let took = begun.elapsed().as_millis();
            (Finding::ok("tcp", format!("{address} accepts connections ({took} ms)")), Some(address))
        }
        Err(reason) => {
            let cure = format!(
                "is the server running (worpen server)? does a firewall let port {} through?",
                place.port
            );
            (Finding::failed("tcp", reason, cure), None)
        }
    }
}

async fn encryption(target: &Target, place: &Place, address: SocketAddr) -> Result<Finding, CliError> {
    if !place.encrypted {
        return Ok(if is_heard_by_others(&target.server) {
            Finding::warning(
                "tls",
                "the address is not encrypted: others on the way can read the key",
                "put TLS before the server, and sign in to its https:// address",
            )
        } else {
            Finding::ok("tls", "not encrypted, and within this machine")
        });
    }
    let (host, authority) = (place.host.clone(), target.authority.clone());
    aside(move || Ok(tls::look(&host, address, authority.as_deref()))).await
}
