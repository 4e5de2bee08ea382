//! The pump over TLS: `embedded-tls` between it and a real server.

use std::rc::Rc;
use std::time::SystemTime;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CryptoProvider, CryptoRngCore, TlsConfig, TlsConnection,
    TlsContext, TlsError, TlsVerifier,
};
use rand_core::OsRng;
use respipe_core::pipeline::{Config, Inline, Resend};
use respipe_core::{Event, Instant, cmd};
use respipe_embedded_io::{Client, Clock, End, Pump};
use respipe_testkit::process::{self, Launch, ServerProcess};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Nothing here has a deadline.
struct NoTime;

impl Clock for NoTime {
    fn now(&self) -> Instant {
        Instant::ZERO
    }

    async fn wait_until(&self, _: Instant) {
        core::future::pending::<()>().await;
    }
}

/// A socket for both halves, which `embedded-tls` clones.
#[derive(Clone)]
struct Socket(Rc<TcpStream>);

impl ErrorType for Socket {
    type Error = std::io::Error;
}

impl Read for Socket {
    async fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        loop {
            self.0.readable().await?;
            match self.0.try_read(room) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

impl Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        loop {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Trusts one root.
struct Provider<'a> {
    verifier: CertVerifier<'a, Aes128GcmSha256, SystemTime, 4096>,
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl CryptoRngCore {
        OsRng
    }

    fn verifier(
        &mut self,
    ) -> core::result::Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
}

fn server() -> Result<Option<ServerProcess>> {
    for binary in process::servers() {
        match Launch::new(&binary).tls().start() {
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {}
            started => return Ok(Some(started?)),
        }
    }
    respipe_testkit::skip("no server here speaks TLS");
    Ok(None)
}

/// Connects and verifies the server against this root.
async fn connect<'b>(
    server: &ServerProcess,
    root: &[u8],
    read: &'b mut [u8],
    write: &'b mut [u8],
) -> Result<core::result::Result<TlsConnection<'b, Socket, Aes128GcmSha256>, TlsError>> {
    let url = server.tls_url().ok_or("it speaks TLS")?;
    let port = url.rsplit_once(':').ok_or("the URL has a port")?.1;
    let stream = TcpStream::connect(("127.0.0.1", port.trim_end_matches('/').parse()?)).await?;
    let mut tls = TlsConnection::new(Socket(Rc::new(stream)), read, write);
    let config = TlsConfig::new().with_server_name("localhost");
    let verifier = CertVerifier::new(Certificate::X509(root));
    let opened = tls
        .open(TlsContext::new(&config, Provider { verifier }))
        .await;
    Ok(opened.map(|()| tls))
}

#[tokio::test]
async fn commands_go_over_tls_both_ways_at_once() -> Result {
    let Some(server) = server()? else {
        return Ok(());
    };
    let certificates = server.certificates().ok_or("it has certificates")?;
    let root = CertificateDer::from_pem_file(certificates.root())?;
    let (mut record_in, mut record_out) = (vec![0; 16_640], vec![0; 4_096]);
    let mut tls = connect(&server, &root, &mut record_in, &mut record_out)
        .await?
        .map_err(|error| format!("{error:?}"))?;
    let (reader, writer) = tls.split();

    let client: Client<NoopRawMutex, Inline<4096, 4096, 64>, _> =
        Client::new(Inline::new(), NoTime);
    client.configure(Config {
        resend: Resend::NotSent,
        ..Config::DEFAULT
    });
    let (mut read, mut write) = ([0; 512], [0; 512]);
    let mut pump = Pump::new(&client, &mut read, &mut write);
    let mut counts = Vec::new();
    let run = pump.run(reader, writer, |event, _| match event {
        Event::Reply { tag, reply } => counts.push((tag, reply.as_i64())),
        event => panic!("{event:?}"),
    });
    let submits = async {
        for tag in 0..1_000 {
            let done = client.submit_when_room(&cmd("INCR").arg("n"), tag).await;
            done.expect("the link lives");
        }
        client.close();
    };
    let (end, ()) = tokio::join!(run, submits);
    assert_eq!(end, End::Closed);
    let expected = (0..1_000).map(|tag| (tag, Ok(i64::from(tag) + 1)));
    assert_eq!(counts, expected.collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_root_is_refused() -> Result {
    let (Some(server), Some(other)) = (server()?, server()?) else {
        return Ok(());
    };
    let certificates = other.certificates().ok_or("it has certificates")?;
    let root = CertificateDer::from_pem_file(certificates.root())?;
    let (mut record_in, mut record_out) = (vec![0; 16_640], vec![0; 4_096]);
    let refused = connect(&server, &root, &mut record_in, &mut record_out).await?;
    assert!(refused.is_err(), "nobody vouches for it");
    Ok(())
}
