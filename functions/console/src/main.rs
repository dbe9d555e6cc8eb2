//! Start-up of the console.

use lambda_http::{run, service_fn};
use waybill::app::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = App::from_env().await?;
    run(service_fn(|request| console::handle(&app, request))).await
}
