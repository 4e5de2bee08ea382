//! From a reply to the Rust value that was asked for.

use respipe_core::Reply;
use respipe_core::reply::FromReply;

use crate::Error;

/// Converts a reply; a server's error is an error here.
///
/// # Errors
/// [`Error::Server`] with the server's text; [`Error::Convert`] where the reply is of another type.
pub fn value<'r, T: FromReply<'r>>(reply: Reply<'r>) -> Result<T, Error> {
    if let Some(error) = reply.error() {
        let text = String::from_utf8_lossy(error.text());
        return Err(Error::Server(text.into_owned()));
    }
    Ok(reply.to()?)
}
