//! MULTI, EXEC, DISCARD.

use super::super::connection::Connection;
use super::super::session::Transaction;
use super::Answer;

impl Connection {
    pub(super) fn multi(&mut self) -> Answer {
        if self.session.transaction.is_some() {
            return Err("ERR MULTI calls can not be nested".to_owned());
        }
        self.session.transaction = Some(Transaction::default());
        self.replies.status("OK");
        Ok(())
    }

    pub(super) fn discard(&mut self) -> Answer {
        self.session
            .transaction
            .take()
            .ok_or("ERR DISCARD without MULTI")?;
        self.replies.status("OK");
        Ok(())
    }

    /// Runs all that was queued; an error among it does not stop the rest.
    pub(super) fn exec(&mut self) -> Answer {
        let transaction = self
            .session
            .transaction
            .take()
            .ok_or("ERR EXEC without MULTI")?;
        if transaction.failed {
            return Err("EXECABORT Transaction discarded because of previous errors.".to_owned());
        }
        self.replies.array(transaction.commands.len());
        for command in &transaction.commands {
            let arguments: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
            let name = String::from_utf8_lossy(arguments[0]).to_ascii_uppercase();
            self.run(&name, &arguments);
        }
        Ok(())
    }
}
