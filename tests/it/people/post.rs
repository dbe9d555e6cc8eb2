//! A mail service behind the SDK that takes mails for everybody but those whom a test names.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use data_encoding::BASE64;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use waybill::aws::{self, LocalAws};
use waybill::config::MailAddress;
use waybill::mail::Mailer;
use waybill_tests::world::{World, mail_subject};

#[derive(Debug, Default)]
struct Office {
    shut: BTreeSet<String>,
    delivered: Vec<(String, String)>,
    refused: Vec<String>,
}

/// The mail service.
#[derive(Clone, Debug, Default)]
pub(super) struct Post(Arc<Mutex<Office>>);

impl Post {
    /// Takes the place of the world's folder of mails.
    pub(super) fn of(world: &mut World) -> Self {
        let post = Self::default();
        let clock = world.time.clock();
        let client = Some(SharedHttpClient::new(post.clone()));
        let aws = aws::local_config(&LocalAws::at("http://mail.example"), &clock, client).expect("settings");
        let from = MailAddress::parse("waybill@example.com").expect("an address");
        Arc::get_mut(&mut world.app).expect("nobody else has it yet").mailer = Mailer::ses(&aws, Some(from));
        post
    }

    fn office(&self) -> MutexGuard<'_, Office> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing is taken for this address, or everything again.
    pub(super) fn shut(&self, email: &str, shut: bool) {
        let mut office = self.office();
        let changed = if shut { office.shut.insert(email.to_owned()) } else { office.shut.remove(email) };
        assert!(changed, "{email} was so already");
    }

    /// Who got mails whose subject has these words since the last question, in the order of their delivery.
    pub(super) fn delivered(&self, words: &str) -> Vec<String> {
        let delivered = std::mem::take(&mut self.office().delivered);
        delivered.into_iter().filter(|(_, subject)| subject.contains(words)).map(|(to, _)| to).collect()
    }

    /// How often a mail whose subject has these words was refused so far.
    pub(super) fn refused(&self, words: &str) -> usize {
        self.office().refused.iter().filter(|subject| subject.contains(words)).count()
    }

    fn answer(&self, body: &[u8]) -> HttpResponse {
        let request: Value = serde_json::from_slice(body).expect("JSON");
        let to = request["Destination"]["ToAddresses"][0].as_str().expect("an address").to_owned();
        let raw = request["Content"]["Raw"]["Data"].as_str().expect("a mail");
        let mail = String::from_utf8(BASE64.decode(raw.as_bytes()).expect("base64")).expect("text");
        assert!(mail.contains(&format!("To: {to}\r\n")), "one mail names one reader: {mail}");
        let mut office = self.office();
        let refused = office.shut.contains(&to);
        if refused {
            office.refused.push(mail_subject(&mail))
        } else {
            office.delivered.push((to, mail_subject(&mail)))
        }
        let (status, text) = if refused { (400, "{}") } else { (200, r#"{"MessageId":"m"}"#) };
        let mut response = HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(text));
        if refused {
            response.headers_mut().insert("x-amzn-errortype", "MessageRejected");
        }
        response
    }
}

impl HttpConnector for Post {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.answer(request.body().bytes().unwrap_or_default());
        HttpConnectorFuture::new(async move { Ok(answer) })
    }
}

impl HttpClient for Post {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
