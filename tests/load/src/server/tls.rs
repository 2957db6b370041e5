//! The certificate of a TLS run: an authority made for this run, and a server certificate for
//! localhost.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Failure;

/// The server's side of TLS.
pub struct Certificate {
    config: Arc<ServerConfig>,
}

impl Certificate {
    /// Returns a server certificate, by an authority with its own certificate in `file`, in PEM.
    pub fn for_localhost(file: &Path) -> Result<Self, Failure> {
        let (authority, chain, key) = made().map_err(failed)?;
        fs::write(file, authority).map_err(Failure::io("writing the authority's certificate"))?;
        // AWS's endpoints of these services speak HTTP/1.1 only; without a protocol's name nobody
        // asks for another.
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![chain], key)
            })
            .map_err(failed)?;
        Ok(Self {
            config: Arc::new(config),
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Io {
        what: "making the certificate",
        error: std::io::Error::other(error),
    }
}

type Made = (String, CertificateDer<'static>, PrivateKeyDer<'static>);

fn made() -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = &mut authority.distinguished_name;
    name.push(DnType::CommonName, "load's own authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    server.use_authority_key_identifier_extension = true;
    let server = server.signed_by(&key, &authority)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((authority.pem(), server.der().clone(), key.into()))
}
