//! What an installation still lacks before it can work: said by `waybill serve` at its start and by `waybill status`.

use super::status::StatusRow;
use super::{Failure, all_shops, all_stores};
use waybill::app::App;
use waybill::config::ONLY_THIS_MACHINE;
use waybill::domain::region::AppRegion;

/// What is missing, each with what to do; empty when nothing is.
///
/// # Errors
/// The table or the secrets cannot be read.
pub async fn missing(app: &App, aws: bool) -> Result<Vec<StatusRow>, Failure> {
    let mut rows = setup(app, aws).await?;
    rows.retain(|row| !row.ok);
    Ok(rows)
}

/// What `waybill serve` says under its first line: one line for each thing that is missing.
///
/// # Errors
/// The table or the secrets cannot be read.
pub async fn words(app: &App) -> Result<Vec<String>, Failure> {
    let line = |row: StatusRow| match row.remedy {
        Some(remedy) => format!("still missing: {} {remedy}", row.said),
        None => format!("still missing: {}", row.said),
    };
    Ok(missing(app, false).await?.into_iter().map(line).collect())
}

/// Everything that is set up once.
pub(super) async fn setup(app: &App, aws: bool) -> Result<Vec<StatusRow>, Failure> {
    let mut rows = Vec::new();
    let address = app.config.public_url.as_str().trim_end_matches('/').to_owned();
    if !aws {
        rows.push(if app.config.reaches_outside() {
            StatusRow::good("address", None, address)
        } else {
            StatusRow::bad(
                "address",
                None,
                format!("{address}: {ONLY_THIS_MACHINE}."),
                "Start waybill serve with PUBLIC_URL=https://waybill.example.com (OPERATING.md, one machine in production).",
            )
        });
        rows.push(mail(app));
    }
    let shops = all_shops(app).await?;
    let apps = app.secrets.app().get().await;
    match apps {
        Ok(apps) => {
            let set: Vec<&str> = AppRegion::ALL
                .into_iter()
                .filter(|region| apps.tiktok(*region).is_ok())
                .map(AppRegion::as_str)
                .collect();
            for region in AppRegion::ALL {
                let used = shops.iter().filter(|shop| shop.app == region).count();
                if used > 0 && apps.tiktok(region).is_err() {
                    rows.push(StatusRow::bad(
                        "app",
                        Some(region.to_string()),
                        format!("{used} connected shops need the TikTok app {region}, and it is not set up."),
                        format!("waybill app set --region {region} --key KEY --service-id ID"),
                    ));
                }
            }
            rows.push(if set.is_empty() {
                StatusRow::bad(
                    "app",
                    None,
                    "No TikTok app is set up.".to_owned(),
                    "waybill app set --region us --key KEY --service-id ID < app-secret.txt",
                )
            } else {
                StatusRow::good("app", None, format!("TikTok: {}", set.join(", ")))
            });
        }
        Err(fault) => rows.push(StatusRow::bad("app", None, format!("{fault}."), "waybill app set stores it again.")),
    }
    let accounts = app.table.accounts_list().await?.len();
    rows.push(if accounts == 0 {
        StatusRow::bad(
            "account",
            None,
            "There is no account, so nobody can sign in.".to_owned(),
            "waybill account add --name NAME --email EMAIL, then waybill login-link EMAIL",
        )
    } else {
        StatusRow::good("account", None, crate::output::counted(accounts, "account"))
    });
    if shops.is_empty() {
        rows.push(StatusRow::bad(
            "shop",
            None,
            "No TikTok shop is connected.".to_owned(),
            "Connect one in the console (waybill login-link EMAIL), or waybill shop add",
        ));
    }
    if all_stores(app).await?.is_empty() {
        rows.push(StatusRow::bad(
            "store",
            None,
            "No store is connected, so no tracking number can arrive.".to_owned(),
            "Connect one in the console, or waybill store add",
        ));
    }
    Ok(rows)
}

fn mail(app: &App) -> StatusRow {
    match (&app.config.smtp, &app.config.mail_from) {
        (Some(_), Some(from)) => StatusRow::good("mail", None, format!("from {}", from.as_str())),
        (Some(_), None) => {
            StatusRow::bad("mail", None, "Mails have no sender.".to_owned(), "Set MAIL_FROM for waybill serve.")
        }
        (None, _) => StatusRow::bad(
            "mail",
            None,
            "No mail server is set up: log-in links and reminders become files in the folder mail.".to_owned(),
            "Set SMTP_URL and MAIL_FROM for waybill serve.",
        ),
    }
}
