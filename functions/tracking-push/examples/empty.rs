//! A function that does nothing, never deployed: the floor under every measurement. Asked to, it panics, as a bad row
//! might make a real one do.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

#[allow(clippy::panic, reason = "what happens then is the question")]
async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if event.payload["panic"] == true {
        panic!("asked to");
    }
    Ok(json!({"statusCode": 200}))
}
