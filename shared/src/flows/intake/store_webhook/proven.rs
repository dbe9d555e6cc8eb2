//! A delivery whose signature holds, read; with one forced reload of the secrets when it does not.

use super::{
    App, AppSecrets, Delivery, Failure, Hook, HookSecrets, LARGEST, Notice, Platform, PlatformApp, StoreError, Way,
    adobe_keys, open_hook_secrets, stores,
};

/// Verifies and reads, with one forced reload of the secrets when the signature does not hold.
pub(super) async fn read(
    app: &App,
    platform: Platform,
    hook: Option<&Hook>,
    settings: &crate::domain::connection::StoreSettings,
    delivery: &Delivery,
) -> Result<Result<Notice, StoreError>, Failure> {
    let adapter = stores::adapter(platform);
    let judge = |secrets: &HookSecrets| {
        let verified = adapter.verify(delivery, secrets, app.clock.now())?;
        if delivery.body.len() > LARGEST {
            return Err(StoreError::Unreadable("the body is larger than two MiB"));
        }
        adapter.read(&verified, settings)
    };
    match hook.and_then(|hook| Some((hook, hook.secrets.as_ref()?))) {
        Some((hook, sealed)) => {
            let mut secrets = open_hook_secrets(app, hook, sealed).await?;
            if Way::of(platform, settings) == Some(Way::Installed) && secrets.current.is_none() {
                // Our app's secret signs; the address has only the static header of its own.
                let header = secrets.header;
                let both = |secrets: &AppSecrets| {
                    judge(&HookSecrets { header: header.clone(), ..app_secrets(secrets.bigcommerce()) })
                };
                return judge_by_app(app, &both).await;
            }
            adobe_keys::add(app, delivery, &mut secrets).await?;
            Ok(judge(&secrets))
        }
        None => judge_by_app(app, &|secrets: &AppSecrets| judge(&app_secrets(secrets.shopify()))).await,
    }
}

/// Judges with our apps' secrets, and once more with freshly loaded ones.
async fn judge_by_app(
    app: &App,
    judge: &(dyn Fn(&AppSecrets) -> Result<Notice, StoreError> + Sync),
) -> Result<Result<Notice, StoreError>, Failure> {
    let used = app.secrets.app().get().await?;
    let verdict = judge(&used);
    if !matches!(verdict, Err(StoreError::BadSignature(_))) {
        return Ok(verdict);
    }
    match app.secrets.app().newer_than(&used).await {
        Ok(Some(newer)) => Ok(judge(&newer)),
        Ok(None) | Err(_) => Ok(verdict),
    }
}

fn app_secrets(app: Option<&PlatformApp>) -> HookSecrets {
    HookSecrets {
        current: app.map(|app| app.client_secret.clone()),
        previous: app.and_then(|app| app.previous_secret.clone()),
        ..HookSecrets::default()
    }
}
