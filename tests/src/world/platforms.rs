//! Store platforms as a merchant's browser meets them: our apps there, their pages on the network.

use super::World;
use super::browser::Browser;
use super::stores::platform;
use bytes::Bytes;
use futures_util::FutureExt as _;
use secrecy::SecretString;
use std::time::Duration;
use waybill::domain::ids::AccountId;
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::shop as connect_shop;
use waybill::table::accounts::Account;
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::with_platform_app;
use waybill_model::stores::{CLIENT_ID, Kind, ModelStore};

impl World {
    /// A store that nobody has connected: on the network, with our app registered at its platform.
    pub async fn unconnected_store(&self, kind: Kind) -> ModelStore {
        let model = ModelStore::new(kind, self.time.clock(), 7);
        let hosts = match kind {
            Kind::BigCommerce => vec!["api.bigcommerce.com".to_owned(), "login.bigcommerce.com".to_owned()],
            _ => vec![model.account().domain],
        };
        for host in hosts {
            let answering = model.clone();
            let answer = move |request| {
                let model = answering.clone();
                async move { model.handle(request).await }.boxed()
            };
            self.net.host(&host, Box::new(answer));
        }
        model.merchant(|merchant| merchant.callback = "https://waybill.example/connect/bigcommerce/callback".into());
        if matches!(kind, Kind::Shopify | Kind::BigCommerce) {
            self.register_app(&model, &model.account().secret).await;
        }
        model
    }

    /// Makes another account and signs a browser in as its person.
    pub async fn another_account(&self, browser: &mut Browser, id: &str, email: &str) -> AccountId {
        let account = AccountId::parse(id).expect("id");
        let row = Account {
            id: account.clone(),
            name: "Someone Else".into(),
            email: Private::new(email.into()),
            created: self.time.now(),
        };
        self.app.table.account_create(&row).await.expect("account");
        let link = waybill::flows::connect::login::printed_link(&self.app, &account).await.expect("link");
        browser.post(self, &link, &[]).await;
        assert!(browser.has("__Host-sid"));
        account
    }

    /// The owner of a connected shop says yes again, without the browser's way.
    pub async fn connect_shop_again(&self, id: &str) {
        let tokens = self.tiktok.authorise(&[id]).expect("authorised");
        let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
        let shops = connect_shop::connect(&self.app, &self.account, AppRegion::Us, answer).await.expect("connected");
        for shop in shops {
            waybill::flows::connect::shop_in_browser::resume(&self.app, &shop).await.expect("queued");
        }
    }

    /// Sets our app at a platform, with this secret.
    pub async fn register_app(&self, model: &ModelStore, secret: &str) {
        let (store, name) = (self.app.secrets.store(), &self.app.secrets.names().app);
        let known = store.get(name, None).await.expect("secret");
        let secret = SecretString::from(secret.to_owned());
        let text = with_platform_app(name, &known.text, platform(model.kind()), CLIENT_ID, &secret).expect("app");
        store.put(name, &text).await.expect("stored");
        // Older than any cache.
        self.time.skip(Duration::from_secs(400));
    }

    /// The merchant opens a platform's page in the browser: where it leads.
    pub async fn visit_platform(&self, model: &ModelStore, url: &str) -> String {
        let request = http::Request::get(url).body(Bytes::new()).expect("request");
        let answer = model.handle(request).await.reply().expect("an answer");
        assert_eq!(answer.status(), 302, "{url}: {:?}", answer.body());
        answer.headers()["location"].to_str().expect("text").to_owned()
    }
}
