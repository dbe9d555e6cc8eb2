//! Start-up of the reminder function.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use reauth_reminder::{Event, handle};
use waybill::app::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = &App::from_env().await?;
    let tick = move |event: LambdaEvent<Event>| async move { Ok::<_, Error>(handle(app, &event.payload).await) };
    run(service_fn(tick)).await
}
