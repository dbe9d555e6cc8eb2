use super::*;

async fn ask(model: &ModelTikTok, path: &str) -> Envelope {
    let request = Request::builder().uri(path).body(Bytes::new()).unwrap();
    read(model.handle(request).await.reply().unwrap())
}

fn token_path(app: &App, call: &str, rest: &str) -> String {
    format!("/api/v2/token/{call}?app_key={}&app_secret={}&{rest}", app.key, app.secret)
}

async fn consent(desk: &Desk) -> String {
    let path = format!("/open/authorize?service_id={}&state=a%2Bb", desk.app().service_id);
    let request = Request::builder().uri(path).body(Bytes::new()).unwrap();
    let response = desk.model.handle(request).await.reply().unwrap();
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn consent_gives_a_code_that_works_once_and_for_half_an_hour() {
    let desk = Desk::us();
    let app = desk.app();
    for (wait, code) in [(SignedDuration::from_mins(29), 0), (SignedDuration::from_mins(30), 36_004_004)] {
        let place = consent(&desk).await;
        assert!(place.starts_with(&app.redirect) && place.ends_with("state=a%2Bb"), "{place}");
        desk.later(wait);
        let given = place.split("code=").nth(1).unwrap().split('&').next().unwrap();
        let path = token_path(&app, "get", &format!("auth_code={given}&grant_type=authorized_code"));
        let answer = ask(&desk.model, &path).await;
        assert_eq!(answer.code, code, "{answer:?}");
        if code == 0 {
            assert_eq!(answer.data["user_type"], 0);
            let ends = answer.data["access_token_expire_in"].as_i64().unwrap();
            assert_eq!(ends, START + 29 * 60 + 7 * 86_400, "a moment, despite its name");
        }
        assert_eq!(ask(&desk.model, &path).await.code, 36_004_004, "a second time");
    }
}

#[tokio::test]
async fn a_refused_consent_says_so() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.consent_refused = true);
    assert!(consent(&desk).await.contains("code=null&error=auth_denied"));
}

#[tokio::test]
async fn token_calls_are_get_with_the_right_secret_and_words() {
    let desk = Desk::us();
    let app = desk.app();
    let good = format!("refresh_token={}&grant_type=refresh_token", desk.tokens.refresh_token);
    assert_eq!(ask(&desk.model, &token_path(&app, "refresh", &good)).await.code, 0);
    let wrong_secret = App { secret: "x".into(), ..app.clone() };
    assert_eq!(ask(&desk.model, &token_path(&wrong_secret, "refresh", &good)).await.code, 98_001_004);
    let wrong_word = good.replace("grant_type=refresh_token", "grant_type=authorization_code");
    assert_eq!(ask(&desk.model, &token_path(&app, "refresh", &wrong_word)).await.code, 98_001_004);
    let other_app = desk.model.app(AppRegion::Row);
    assert_eq!(ask(&desk.model, &token_path(&other_app, "refresh", &good)).await.code, 36_004_005);
    let post = Request::builder().method("POST").uri(token_path(&app, "refresh", &good)).body(Bytes::new()).unwrap();
    assert_eq!(desk.model.handle(post).await.reply().unwrap().status(), 404);
}

#[tokio::test]
async fn a_refresh_token_lives_until_it_is_replaced_revoked_or_over() {
    for rotate in [false, true] {
        let desk = Desk::us();
        desk.model.configure(|settings| settings.rotate_refresh = rotate);
        let path = token_path(
            &desk.app(),
            "refresh",
            &format!("refresh_token={}&grant_type=refresh_token", desk.tokens.refresh_token),
        );
        let first = ask(&desk.model, &path).await;
        assert_eq!(first.data["refresh_token"] != json!(desk.tokens.refresh_token), rotate);
        assert_ne!(first.data["access_token"], json!(desk.tokens.access_token));
        assert_eq!(ask(&desk.model, &path).await.code, if rotate { 36_004_005 } else { 0 });
        desk.model.revoke(SHOP);
        assert_eq!(ask(&desk.model, &path).await.code, 36_004_005);
    }
    let desk = Desk::us();
    let path = token_path(
        &desk.app(),
        "refresh",
        &format!("refresh_token={}&grant_type=refresh_token", desk.tokens.refresh_token),
    );
    desk.later(SignedDuration::from_hours(365 * 24));
    assert_eq!(ask(&desk.model, &path).await.code, 36_004_005, "the authorisation is over");
}

#[tokio::test]
async fn a_lost_refresh_answer_still_kills_the_old_token() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.rotate_refresh = true);
    desk.model.inject(FaultRule::new(Fault::ResetAfter).on(&[Call::RefreshToken]).times(1));
    let rest = format!("refresh_token={}&grant_type=refresh_token", desk.tokens.refresh_token);
    let path = token_path(&desk.app(), "refresh", &rest);
    let lost = Request::builder().uri(&path).body(Bytes::new()).unwrap();
    assert!(matches!(desk.model.handle(lost).await, ModelAnswer::Reset));
    assert_eq!(ask(&desk.model, &path).await.code, 36_004_005);
}

#[tokio::test]
async fn one_seller_gives_one_token_for_all_shops() {
    let desk = Desk::us();
    for id in ["2", "3"] {
        desk.model.add_shop(ShopSpec { seller: "Both".into(), ..ShopSpec::new(id, "US") });
    }
    desk.model.configure(|settings| settings.consent_seller = Some("Both".into()));
    let place = consent(&desk).await;
    let given = place.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let path = token_path(&desk.app(), "get", &format!("auth_code={given}&grant_type=authorized_code"));
    let token = ask(&desk.model, &path).await.data["access_token"].as_str().unwrap().to_owned();
    let desk = Desk { tokens: Tokens { access_token: token, ..desk.tokens.clone() }, ..desk };
    let shops = desk.get("/authorization/202309/shops", &[]).await.data["shops"].clone();
    assert_eq!(shops.as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>(), ["2", "3"]);
}
