//! An AWS account in miniature: the emulator, and in it what the template says.

use super::{Tools, free_port};
use crate::template::{Template, members, text};
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// A running emulator. Dropping it ends the process.
#[derive(Debug)]
pub struct Cloud {
    /// Where it listens.
    pub url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Cloud {
    /// Starts the emulator and makes the table and the secrets of the template.
    ///
    /// # Errors
    /// When it does not start or refuses what the template asks for.
    pub async fn start(tools: &Tools, template: &Template) -> Result<Self> {
        let port = free_port();
        let process = Command::new(&tools.aws)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{}", tools.aws.display()))?;
        let cloud = Self { url: format!("http://127.0.0.1:{port}"), http: client()?, _process: process };
        let mut tries = 0;
        while cloud.call("DynamoDB_20120810.ListTables", &json!({})).await.is_err() {
            tries += 1;
            if tries > 200 {
                bail!("the AWS emulator does not answer");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        cloud.build(template).await?;
        Ok(cloud)
    }

    async fn build(&self, template: &Template) -> Result<()> {
        let table = template.resource("Table");
        // What is switched on by calls of its own; and the stream: here no mapping reads it.
        let later = ["TimeToLive", "PointInTimeRecovery", "SSE", "Stream"].map(|what| format!("{what}Specification"));
        let create: Map<String, Value> = members(&table)
            .filter(|(name, _)| !later.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.call("DynamoDB_20120810.CreateTable", &Value::Object(create)).await?;
        let name = &table["TableName"];
        let ttl = json!({"TableName": name, "TimeToLiveSpecification": table["TimeToLiveSpecification"]});
        self.call("DynamoDB_20120810.UpdateTimeToLive", &ttl).await?;
        for (_, secret) in template.resources("AWS::SecretsManager::Secret") {
            let create = json!({"Name": secret["Name"], "SecretString": secret_text(&secret)?});
            self.call("secretsmanager.CreateSecret", &create).await?;
        }
        let from = template.environment("console").remove("MAIL_FROM").context("a sender")?;
        self.send("/v2/email/identities", "ses", None, &json!({"EmailIdentity": from})).await?;
        Ok(())
    }

    /// The mails that left so far.
    ///
    /// # Errors
    /// When the emulator does not tell.
    pub async fn mails(&self) -> Result<Vec<Mail>> {
        let told = self.http.get(format!("{}/_ministack/ses/messages", self.url)).send().await?.bytes().await?;
        let told: Value = serde_json::from_slice(&told)?;
        let mails = members(&told["messages"]).flat_map(|(_, mails)| mails.as_array().cloned().unwrap_or_default());
        let mail = |mail: Value| Mail {
            to: text(&mail["To"][0]),
            subject: text(&mail["Subject"]),
            text: text(&mail["BodyText"]),
        };
        Ok(mails.map(mail).collect())
    }

    /// One call in AWS's JSON protocol.
    ///
    /// # Errors
    /// When it fails.
    pub async fn call(&self, target: &str, body: &Value) -> Result<Value> {
        let service = if target.starts_with("Dynamo") { "dynamodb" } else { "secretsmanager" };
        self.send("/", service, Some(target), body).await
    }

    async fn send(&self, path: &str, service: &str, target: Option<&str>, body: &Value) -> Result<Value> {
        let scope = format!("Credential=local/20261121/us-east-1/{service}/aws4_request");
        let answer = self
            .http
            .post(format!("{}{path}", self.url))
            .header("X-Amz-Target", target.unwrap_or_default())
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("Authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .body(body.to_string())
            .send()
            .await?;
        let (status, bytes) = (answer.status(), answer.bytes().await?);
        if !status.is_success() {
            bail!("{service} {}: {status} {}", target.unwrap_or(path), String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// A mail that SES took.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
}

impl Mail {
    /// The address in it that starts so.
    ///
    /// # Errors
    /// When there is none.
    pub fn link(&self, start: &str) -> Result<&str> {
        let at = self.text.find(start).with_context(|| format!("no {start} in {}", self.text))?;
        Ok(self.text[at..].split_whitespace().next().unwrap_or_default())
    }
}

/// A client for loopback.
///
/// # Errors
/// When it cannot be built.
pub fn client() -> Result<reqwest::Client> {
    waybill::aws::install_crypto();
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(120)).no_proxy().build()?)
}

/// What CloudFormation would put into a secret.
fn secret_text(secret: &Value) -> Result<String> {
    if let Some(given) = secret["SecretString"].as_str() {
        return Ok(given.to_owned());
    }
    let how = &secret["GenerateSecretString"];
    let mut whole: Value = serde_json::from_str(&text(&how["SecretStringTemplate"]))?;
    let length = how["PasswordLength"].as_u64().context("a length")?;
    let random = waybill::app::system_entropy();
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let password: String =
        (0..length).map(|_| char::from(letters[usize::from(random.bytes::<1>()[0]) % letters.len()])).collect();
    whole[text(&how["GenerateStringKey"])] = json!(password);
    Ok(whole.to_string())
}
