//! Signs where the audit log ends, keeps that in a file outside of the store, and gives it to the agents.

use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{app::App, clock},
    core::audit::{ChainHead, head::SignedHead},
    infra::audit::HeadsFile,
};

/// So many new entries are not waited for.
const MOST_UNSIGNED: u64 = 1000;

/// Holds the file's heads against the log, then signs: at once, whenever entries were added and some time has passed or
/// there are many, and at the `end`, when nothing is written any more.
pub(in crate::server) async fn run(app: Arc<App>, file: HeadsFile, end: CancellationToken) {
    if let Err(error) = app.heads.hold_file(&app).await {
        tracing::error!(
            "the audit log was not held against its heads, and is not trimmed until it is: {error}"
        );
    }
    let mut chain = app.heads.chain.clone();
    let mut notary = Notary { app: app.clone(), file: Some(file), signed: ChainHead::default() };
    let head = *chain.borrow_and_update();
    notary.sign(head).await;
    loop {
        let (signed, many) = (notary.signed, notary.signed.number + MOST_UNSIGNED);
        tokio::select! {
            added = chain.wait_for(|head| *head != signed) => if added.is_err() { break },
            () = end.cancelled() => break,
        }
        tokio::select! {
            () = sleep(app.settings.audit_heads_interval) => {}
            added = chain.wait_for(|head| head.number >= many) => if added.is_err() { break },
            () = end.cancelled() => break,
        }
        let head = *chain.borrow_and_update();
        notary.sign(head).await;
    }
    let head = *chain.borrow();
    if head != notary.signed {
        notary.sign(head).await;
    }
}

struct Notary {
    app: Arc<App>,
    /// Absent while it is written to.
    file: Option<HeadsFile>,
    /// The last head that is in the file.
    signed: ChainHead,
}

impl Notary {
    /// Signs a head, keeps it and gives it away. One that cannot be kept is given to the agents all the same, and the next
    /// is tried.
    async fn sign(&mut self, head: ChainHead) {
        let app = &self.app;
        if head.number == 0 {
            return;
        }
        let Some(mut file) = self.file.take() else { return };
        let signed = SignedHead::sign(&app.trust.current().signing, app.server, head, clock::now());
        let envelope = signed.envelope.clone();
        let written = tokio::task::spawn_blocking(move || {
            let added = file.add(&envelope);
            (file, added)
        });
        let Ok((file, added)) = written.await else { return };
        self.file = Some(file);
        match added {
            Ok(()) => {
                self.signed = head;
                app.heads.set_unkept(None);
            }
            Err(error) => {
                let path = app.heads.file.display();
                let words = format!("heads of the audit log cannot be added to {path}: {error}");
                if app.heads.unkept().is_none() {
                    tracing::error!("{words}; they are tried again");
                }
                app.heads.set_unkept(Some(words));
            }
        }
        app.heads.publish(signed);
    }
}
