//! Start-up of the push function.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use tracking_push::{Call, answer};
use waybill::app::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = &App::from_env().await?;
    let push = move |event: LambdaEvent<Call>| async move { answer(app, &event.payload).await.map_err(Error::from) };
    run(service_fn(push)).await
}
