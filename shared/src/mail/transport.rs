//! How a mail leaves: Amazon SES, a mail server, or a folder of files that any mail program opens.

use super::Message;
use crate::config::{MailAddress, SmtpUrl};
use crate::domain::clock::{Clock, Entropy};
use crate::domain::private::Private;
use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use data_encoding::HEXLOWER;
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio::io::AsyncWriteExt as _;

/// A mail server's time for one mail.
const LIMIT: Duration = Duration::from_secs(10);

/// A mail that did not leave. The texts never hold an address.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// No way to send is set up.
    #[error("no way to send mails is set up: set MAIL_FROM, and SMTP_URL outside AWS")]
    Off,
    /// An address is none.
    #[error("a mail address cannot be used")]
    Address,
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    Form,
    /// The mail service refused or did not answer.
    #[error("the mail service did not take the mail: {0}")]
    Service(String),
    /// The folder.
    #[error("the mail cannot be written as a file")]
    File(#[source] std::io::Error),
}

#[derive(Clone)]
enum Way {
    Off,
    Ses(aws_sdk_sesv2::Client),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
}

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    way: Way,
    from: Option<MailAddress>,
}

impl Mailer {
    /// Sends nothing; every mail is a fault.
    #[must_use]
    pub fn off() -> Self {
        Self { way: Way::Off, from: None }
    }

    /// Through Amazon SES.
    #[must_use]
    pub fn ses(aws: &aws_config::SdkConfig, from: Option<MailAddress>) -> Self {
        Self { way: Way::Ses(aws_sdk_sesv2::Client::new(aws)), from }
    }

    /// Through a mail server.
    ///
    /// # Errors
    /// [`MailFault::Service`] when the address asks for something that is not built in.
    pub fn smtp(url: &SmtpUrl, from: Option<MailAddress>) -> Result<Self, MailFault> {
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal());
        // The error's own text may show the address with its password.
        let server = server.map_err(|_| MailFault::Service("SMTP_URL cannot be used".to_owned()))?;
        Ok(Self { way: Way::Smtp(Box::new(server.timeout(Some(LIMIT)).build())), from })
    }

    /// As files of a folder, which is made when needed.
    #[must_use]
    pub fn folder(folder: PathBuf, from: Option<MailAddress>) -> Self {
        let from = from.or_else(|| MailAddress::parse("waybill@localhost").ok());
        Self { way: Way::Folder(folder), from }
    }

    /// Asks the mail server whether it takes our log-in; sends nothing.
    ///
    /// # Errors
    /// [`MailFault`].
    pub async fn probe(&self) -> Result<(), MailFault> {
        match &self.way {
            Way::Off => Err(MailFault::Off),
            Way::Ses(_) | Way::Folder(_) => Ok(()),
            Way::Smtp(server) => match server.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err(MailFault::Service("no answer".to_owned())),
                Err(error) => Err(MailFault::Service(
                    error.status().map_or_else(|| "no answer".to_owned(), |code| code.to_string()),
                )),
            },
        }
    }

    /// Sends one mail. One try: the ledger's next tick is the retry.
    ///
    /// # Errors
    /// [`MailFault`].
    pub async fn send(
        &self,
        to: &Private<String>,
        message: &Message,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<(), MailFault> {
        let from = self.from.as_ref().ok_or(MailFault::Off)?;
        let id = HEXLOWER.encode(&entropy.bytes::<12>());
        let now = clock.now();
        let mail = lettre::Message::builder()
            .from(mailbox("Waybill", from.as_str())?)
            .to(mailbox("", to.reveal())?)
            .subject(message.subject.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default()))
            .message_id(Some(format!("<{id}@{}>", from.as_str().rsplit('@').next().unwrap_or("localhost"))))
            .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
            .map_err(|_| MailFault::Form)?;
        match &self.way {
            Way::Off => Err(MailFault::Off),
            Way::Ses(client) => {
                let raw = RawMessage::builder().data(Blob::new(mail.formatted())).build();
                let raw = raw.map_err(|_| MailFault::Form)?;
                let sent = client
                    .send_email()
                    .from_email_address(from.as_str())
                    .destination(Destination::builder().to_addresses(to.reveal()).build())
                    .content(EmailContent::builder().raw(raw).build())
                    .send()
                    .await;
                // Only the code: SES's messages may name the address.
                sent.map(drop).map_err(|error| MailFault::Service(error.code().unwrap_or("no answer").to_owned()))
            }
            Way::Smtp(server) => match server.send(mail).await {
                Ok(_) => Ok(()),
                Err(error) => Err(MailFault::Service(
                    error.status().map_or_else(|| "no answer".to_owned(), |code| code.to_string()),
                )),
            },
            Way::Folder(folder) => {
                let path = folder.join(format!("{}-{}.eml", now.as_millisecond(), &id[..8]));
                // A login link signs in whoever reads it: nobody but the owner does.
                let mut make = tokio::fs::DirBuilder::new();
                make.recursive(true).mode(0o700).create(folder).await.map_err(MailFault::File)?;
                let mut open = tokio::fs::OpenOptions::new();
                let file = open.write(true).create_new(true).mode(0o600).open(path).await;
                let mut file = file.map_err(MailFault::File)?;
                file.write_all(&mail.formatted()).await.map_err(MailFault::File)?;
                file.flush().await.map_err(MailFault::File)
            }
        }
    }
}

fn mailbox(name: &str, address: &str) -> Result<Mailbox, MailFault> {
    let address = address.parse().map_err(|_| MailFault::Address)?;
    Ok(Mailbox::new(Some(name.to_owned()).filter(|name| !name.is_empty()), address))
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.way {
            Way::Off => "Mailer(off)",
            Way::Ses(_) => "Mailer(SES)",
            Way::Smtp(_) => "Mailer(SMTP)",
            Way::Folder(_) => "Mailer(folder)",
        })
    }
}
