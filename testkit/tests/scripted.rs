//! Scripted servers play their script, and say where a client left it.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use respipe_testkit::scripted::{Mismatch, Script, ScriptedServer};

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

fn read(stream: &mut TcpStream, bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    stream.read_exact(&mut buffer)?;
    Ok(buffer)
}

/// Sends these bytes to a server with this script and returns what it says of it.
fn mismatch(script: Script, sent: &[u8]) -> Result<Mismatch> {
    let server = ScriptedServer::start(script)?;
    connect(server.address())?.write_all(sent)?;
    Ok(server.finish().err().ok_or("no mismatch")?)
}

#[test]
fn a_client_that_follows_the_script_is_answered_step_by_step() -> Result {
    let script = Script::new()
        .expect(PING)
        .send(b"+PONG\r\n")
        .expect_command()
        .send_in_pieces(b":1\r\n", 1)
        .expect_end();
    let server = ScriptedServer::start(script)?;
    let mut client = connect(server.address())?;
    client.write_all(PING)?;
    assert_eq!(read(&mut client, 7)?, b"+PONG\r\n");
    client.write_all(b"INCR key\r\n")?;
    assert_eq!(read(&mut client, 4)?, b":1\r\n");
    client.shutdown(Shutdown::Write)?;
    assert_eq!(server.finish()?, [[b"INCR".to_vec(), b"key".to_vec()]]);
    Ok(())
}

#[test]
fn commands_in_one_write_are_expected_one_by_one() -> Result {
    let server =
        ScriptedServer::start(Script::new().expect_command().expect(PING).expect_command())?;
    connect(server.address())?.write_all(&PING.repeat(3))?;
    assert_eq!(server.finish()?, [[b"PING".to_vec()], [b"PING".to_vec()]]);
    Ok(())
}

#[test]
fn another_byte_than_expected_is_reported_with_its_place() -> Result {
    let mismatch = mismatch(Script::new().expect(b"PING\r\n"), b"PONG\r\n")?;
    assert_eq!(mismatch.step, 0);
    assert!(mismatch.what.contains("differ at byte 1"), "{mismatch}");
    Ok(())
}

#[test]
fn too_few_bytes_are_reported() -> Result {
    let mismatch = mismatch(
        Script::new().expect_command().expect(PING),
        &PING[..PING.len() - 1],
    )?;
    assert!(mismatch.what.contains("a whole command"), "{mismatch}");
    Ok(())
}

#[test]
fn bytes_behind_the_script_are_reported() -> Result {
    let mismatch = mismatch(Script::new().expect(PING), &PING.repeat(2))?;
    assert_eq!(mismatch.step, 1);
    assert!(mismatch.what.contains("nothing more"), "{mismatch}");
    Ok(())
}

#[test]
fn a_client_that_never_comes_is_reported() -> Result {
    let server = ScriptedServer::start(Script::new().expect(PING))?;
    let mismatch = server.finish().err().ok_or("no mismatch")?;
    assert!(mismatch.what.contains("connection"), "{mismatch}");
    Ok(())
}

#[test]
fn a_closing_server_ends_in_order_and_a_resetting_one_does_not() -> Result {
    let server = ScriptedServer::start(Script::new().close().next_connection().reset())?;
    let mut first = connect(server.address())?;
    assert_eq!(first.read(&mut [0; 1])?, 0);
    first.write_all(PING)?;
    assert_eq!(first.read(&mut [0; 1])?, 0, "still no reset");
    drop(first);
    let mut second = connect(server.address())?;
    let error = second.read(&mut [0; 1]).err().ok_or("an orderly end")?;
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    server.finish()?;
    Ok(())
}

#[test]
fn a_half_closing_server_still_reads() -> Result {
    let server = ScriptedServer::start(Script::new().half_close().expect(PING))?;
    let mut client = connect(server.address())?;
    assert_eq!(client.read(&mut [0; 1])?, 0);
    client.write_all(PING)?;
    server.finish()?;
    Ok(())
}

#[test]
fn a_server_that_stops_reading_blocks_its_client_soon() -> Result {
    let server = ScriptedServer::start(
        Script::new()
            .receive_buffer(4096)
            .expect(PING)
            .stop_reading(),
    )?;
    let mut client = connect(server.address())?;
    client.write_all(PING)?;
    client.set_write_timeout(Some(Duration::from_millis(60)))?;
    let mut written = 0;
    while let Ok(n) = client.write(&[7; 4096]) {
        written += n;
        assert!(written < 64 * 1024 * 1024, "nothing pushes back");
    }
    Ok(())
}

#[test]
fn each_connection_has_steps_of_its_own() -> Result {
    let script = Script::new()
        .expect(PING)
        .send(b"+1\r\n")
        .close()
        .next_connection()
        .expect(PING)
        .send(b"+2\r\n");
    let server = ScriptedServer::start(script)?;
    for answer in [b"+1\r\n", b"+2\r\n"] {
        let mut client = connect(server.address())?;
        client.write_all(PING)?;
        assert_eq!(read(&mut client, 4)?, answer);
    }
    server.finish()?;
    Ok(())
}
