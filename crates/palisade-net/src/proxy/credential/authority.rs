//! Certificates for the hosts of credentials, good for one run.
//!
//! The authority's key exists while the hosts' certificates are signed, and
//! for no longer: nobody can sign another one, not even the proxy. What is
//! left are keys for exactly these hosts, in the memory of the proxy alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// How long before and after now certificates hold. Some clients take none
/// that holds for more than 398 days.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
const AFTER: Duration = Duration::from_secs(300 * 24 * 60 * 60);

/// What was made.
pub struct Made {
    pub authority: CertificateDer<'static>,
    pub ends: BTreeMap<String, Arc<ServerConfig>>,
}

/// Certificates for exactly these names.
pub fn certify(names: &[String]) -> Result<Made, String> {
    made(names).map_err(|error| format!("no certificates can be made: {error}"))
}

fn made(names: &[String]) -> Result<Made, Box<dyn std::error::Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let at = |since: Duration| date_time_ymd(1970, 1, 1) + since;
    let dated = |params: &mut CertificateParams| {
        params.not_before = at(now.saturating_sub(BEFORE));
        params.not_after = at(now + AFTER);
    };
    let mut params = CertificateParams::default();
    dated(&mut params);
    params.distinguished_name.push(DnType::CommonName, "Palisade, authority of one run");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.iter().cloned().map(GeneralSubtree::DnsName).collect(),
        excluded_subtrees: Vec::new(),
    });
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let mut ends = BTreeMap::new();
    for name in names {
        let mut params = CertificateParams::new(vec![name.clone()])?;
        dated(&mut params);
        // Another name than the authority's: some take equal ones for a
        // certificate that signs itself.
        params.distinguished_name.push(DnType::CommonName, "Palisade, host of one run");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        // Nothing else is read here, so a client that speaks HTTP/2 alone is
        // told so by TLS.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        ends.insert(name.clone(), Arc::new(config));
    }
    Ok(Made { authority: issuer.der().clone(), ends })
}

/// A certificate as text (RFC 7468).
pub fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
