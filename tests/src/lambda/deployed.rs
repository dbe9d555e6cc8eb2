//! The template deployed into the AWS emulator by the SAM CLI, with the built functions in it, and an operator and a
//! merchant who use what the stack's outputs say.

use super::{Tools, free_port};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

const STACK: &str = "waybill";
const SENDER: &str = "waybill@tiny-mugs.example";

/// A deployed stack.
#[derive(Debug)]
pub struct Deployed {
    outputs: BTreeMap<String, String>,
    gateway: String,
    http: reqwest::Client,
    tools: Tools,
    folder: TempDir,
    _cloud: Child,
}

/// An answer of the stack's HTTP API.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Where it sends the browser.
    pub location: String,
    /// Its text.
    pub text: String,
}

impl Deployed {
    /// Starts an emulator of its own and deploys into it. The settings go to the functions beside the template's.
    ///
    /// # Errors
    /// When something refuses; with what the SAM CLI said.
    pub async fn deploy(tools: &Tools, settings: &BTreeMap<String, String>) -> Result<Self> {
        let gateway = format!("127.0.0.1:{}", free_port());
        let port = gateway.rsplit(':').next().unwrap_or_default();
        let cloud = Command::new(&tools.aws)
            .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", port)])
            // The emulator hands its own environment on to the functions.
            .env("AWS_ENDPOINT_URL", format!("http://{gateway}"))
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let folder = tempfile::tempdir()?;
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        std::fs::write(folder.path().join("template.yaml"), for_the_emulator(&std::fs::read_to_string(template)?))?;
        for function in ["store-webhook", "tracking-push", "reauth-reminder", "console"] {
            let home = folder.path().join("functions").join(function);
            std::fs::create_dir_all(&home)?;
            std::fs::copy(tools.binaries.join(function), home.join("bootstrap"))?;
        }
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.timeout(Duration::from_secs(60)).build()?;
        let mut stack = Self { outputs: BTreeMap::new(), gateway, http, tools: tools.clone(), folder, _cloud: cloud };
        for _ in 0..100 {
            if stack.http.get(format!("http://{}/_ministack/health", stack.gateway)).send().await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stack.sam().await?;
        Ok(stack)
    }

    async fn sam(&mut self) -> Result<()> {
        let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let overrides =
            [format!("MailFrom={SENDER}"), "MailIdentity=address".into(), format!("Architecture={machine}")];
        let mut deploy = vec!["deploy", "--template-file", "template.yaml", "--stack-name", STACK, "--resolve-s3"];
        deploy.extend(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset"]);
        deploy.extend(["--no-progressbar", "--parameter-overrides"]);
        deploy.extend(overrides.iter().map(String::as_str));
        let (sam, folder) = (self.tools.sam.clone(), self.folder.path().to_owned());
        let environment = self.environment();
        run(&sam, &deploy, Some(&folder), &environment, "").await?;
        let list = ["list", "stack-outputs", "--stack-name", STACK, "--output", "json"];
        let told = run(&sam, &list, Some(&folder), &environment, "").await?;
        let told: Value = serde_json::from_str(&told).with_context(|| told.clone())?;
        let pair = |output: &Value| {
            Some((output["OutputKey"].as_str()?.to_owned(), output["OutputValue"].as_str()?.to_owned()))
        };
        self.outputs = told.as_array().into_iter().flatten().filter_map(pair).collect();
        Ok(())
    }

    /// What someone who uses this account has in the environment.
    fn environment(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.gateway)),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_DEFAULT_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "local".into()),
            ("AWS_SECRET_ACCESS_KEY", "local".into()),
            ("SAM_CLI_TELEMETRY", "0".into()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// An output of the stack.
    ///
    /// # Errors
    /// When the template has none of this name.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).with_context(|| format!("no output {name}: {:?}", self.outputs))
    }

    /// `waybill … --aws`, as an operator types it after the outputs were copied. Gives the first thing it prints.
    ///
    /// # Errors
    /// What it says when it fails.
    pub async fn waybill(&self, arguments: &[&str], input: &str) -> Result<Value> {
        let mut environment = self.environment();
        for (setting, output) in [("TABLE_NAME", "TableName"), ("SECRETS_PREFIX", "SecretsPrefix")] {
            environment.insert(setting.into(), self.output(output)?.into());
        }
        for (setting, output) in [("PUBLIC_URL", "ConsoleUrl"), ("HOOKS_URL", "HooksUrl")] {
            environment.insert(setting.into(), self.output(output)?.into());
        }
        let arguments = [arguments, &["--aws", "--json"]].concat();
        let told = run(&self.tools.waybill, &arguments, None, &environment, input).await?;
        Ok(serde_json::from_str(told.lines().next().unwrap_or("null"))?)
    }

    /// A request to an address of the stack: of its HTTP API, or of a function. New cookies are kept.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn visit(
        &self,
        cookies: &mut BTreeMap<String, String>,
        request: http::Request<String>,
    ) -> Result<Answer> {
        let (head, body) = request.into_parts();
        let (host, path) = (head.uri.host().unwrap_or_default(), head.uri.path_and_query().map_or("/", |p| p.as_str()));
        let method = reqwest::Method::from_bytes(head.method.as_str().as_bytes())?;
        let address = format!("http://{}{path}", self.gateway);
        let port = self.gateway.rsplit(':').next().unwrap_or_default();
        let mut asked = self.http.request(method, address).header("host", format!("{host}:{port}")).body(body);
        for (name, value) in &head.headers {
            asked = asked.header(name.as_str(), value.as_bytes());
        }
        if !cookies.is_empty() {
            let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            asked = asked.header("cookie", pairs.join("; "));
        }
        let answer = asked.send().await?;
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().and_then(|pair| pair.split_once('='));
            if let Some((name, value)) = pair {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (status, location) = (answer.status().as_u16(), location.to_owned());
        Ok(Answer { status, location, text: answer.text().await? })
    }
}

/// The template without what only AWS itself has: `sam build`, since the functions are built already, and alarms that
/// calculate with several metrics.
fn for_the_emulator(template: &str) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in template.lines().filter(|line| !line.contains("BuildMethod:")) {
        let inner = line.is_empty() || line.starts_with("   ");
        match blocks.last_mut() {
            Some(block) if inner => block.push_str(&format!("{line}\n")),
            _ => blocks.push(format!("{line}\n")),
        }
    }
    let beyond = |block: &str| block.contains("Type: AWS::CloudWatch::Alarm") && block.contains("\n      Metrics:");
    blocks.retain(|block| !beyond(block));
    blocks.concat()
}

async fn run(
    program: &Path,
    arguments: &[&str],
    folder: Option<&Path>,
    environment: &BTreeMap<String, String>,
    input: &str,
) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn().with_context(|| program.display().to_string())?;
    let mut stdin = child.stdin.take().context("an input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(300), child.wait_with_output()).await??;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let words: String = format!("{told}{}", String::from_utf8_lossy(&output.stderr));
        let end: Vec<&str> = words.lines().rev().take(30).collect();
        bail!("{} {arguments:?}: {}", program.display(), end.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(told)
}
