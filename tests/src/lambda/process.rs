//! One sandbox: a function's binary under the official Runtime Interface Emulator.

use super::{Tools, free_port};
use crate::template::{REGION, Template};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A function in its sandbox. Dropping it ends both processes.
#[derive(Debug)]
pub struct Sandbox {
    address: String,
    http: reqwest::Client,
    process: Child,
}

/// What differs between sandboxes.
#[derive(Clone, Debug)]
pub struct Start {
    /// The function, as in the template.
    pub function: String,
    /// Where AWS is.
    pub aws: String,
    /// Settings beside those of the template: a test's own hosts.
    pub settings: BTreeMap<String, String>,
    /// Seconds a call may take; the template's unless a test wants to see it end.
    pub timeout: Option<u64>,
}

impl Sandbox {
    /// Starts one.
    ///
    /// # Errors
    /// When the emulator does not start.
    pub async fn start(tools: &Tools, template: &Template, start: &Start) -> Result<Self> {
        let seconds = start.timeout.or_else(|| template.setting(&start.function, "Timeout").as_u64()).unwrap_or(3);
        let memory = template.setting(&start.function, "MemorySize");
        let mut environment = template.environment(&start.function);
        environment.extend(start.settings.clone());
        for (name, value) in [
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL", start.aws.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", format!("waybill-{}", start.function)),
            ("AWS_LAMBDA_FUNCTION_TIMEOUT", seconds.to_string()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        Self::run(tools, &tools.binaries.join(&start.function), &environment).await
    }

    /// Starts one of a binary that needs no settings.
    ///
    /// # Errors
    /// When the emulator does not start.
    pub async fn of_binary(tools: &Tools, binary: &Path) -> Result<Self> {
        Self::run(tools, binary, &BTreeMap::new()).await
    }

    async fn run(tools: &Tools, binary: &Path, environment: &BTreeMap<String, String>) -> Result<Self> {
        let (front, back) = (free_port(), free_port());
        let mut command = Command::new(&tools.rie);
        command
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{front}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{back}")])
            .arg(binary)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The function is a child of the emulator: both end together.
            .process_group(0)
            .kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("{}", tools.rie.display()))?;
        let address = format!("127.0.0.1:{front}");
        for _ in 0..200 {
            if TcpStream::connect(&address).await.is_ok() {
                return Ok(Self { address, http: super::cloud::client()?, process });
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("the Runtime Interface Emulator does not listen")
    }

    /// Hands one event to the function and waits for its answer.
    ///
    /// # Errors
    /// When the sandbox gives none.
    pub async fn invoke(&self, event: &Value) -> Result<Value> {
        let url = format!("http://{}/2015-03-31/functions/function/invocations", self.address);
        let answer = self.http.post(url).body(event.to_string()).send().await?.bytes().await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer).as_ref())))
    }

    /// The most memory the function's process has had, in kB.
    ///
    /// # Errors
    /// When it is gone.
    pub fn peak_memory(&self) -> Result<u64> {
        let parent = self.process.id().context("it has ended")?;
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        let mut child = children.split_whitespace().next().map(str::to_owned);
        // The emulator's threads have the children, not only its first one.
        for task in std::fs::read_dir(format!("/proc/{parent}/task"))? {
            let listed = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            child = child.or_else(|| listed.split_whitespace().next().map(str::to_owned));
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.context("no function runs")?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
        Ok(line.split_whitespace().next().context("no number")?.parse()?)
    }

    /// Ends the sandbox at once, as Lambda does when time is up.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn kill(mut self) -> Result<()> {
        self.end();
        self.process.wait().await?;
        Ok(())
    }

    fn end(&self) {
        let group = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Gone already is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}
