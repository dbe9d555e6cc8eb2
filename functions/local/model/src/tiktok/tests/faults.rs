use super::*;

fn once(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on(&[Call::MarkPackage]).times(1)
}

#[tokio::test]
async fn a_reset_or_time_out_after_commit_leaves_the_number_at_tiktok() {
    for (fault, committed) in [
        (Fault::ResetBefore, false),
        (Fault::ResetAfter, true),
        (Fault::HangBefore, false),
        (Fault::HangAfter, true),
        (Fault::GatewayTimeout { committed: false }, false),
        (Fault::GatewayTimeout { committed: true }, true),
        (Fault::BrokenJson { committed: true }, true),
        (Fault::Html { committed: true }, true),
        (Fault::Html { committed: false }, false),
        (Fault::Status(502), false),
        (Fault::Answer { http: 200, content_type: "text/plain".into(), body: "ok".into() }, true),
    ] {
        let desk = Desk::us();
        desk.model.order(SHOP, ORDER).line("A", 1).place();
        desk.model.inject(once(fault.clone()));
        let answer = desk.model.handle(desk.mark_request(ORDER, &[], "9400100000000000000017", USPS)).await;
        match (&fault, &answer) {
            (Fault::ResetBefore | Fault::ResetAfter, ModelAnswer::Reset) => {}
            (Fault::HangBefore | Fault::HangAfter, ModelAnswer::Hang) => {}
            (_, ModelAnswer::Reply(reply)) => {
                let code = serde_json::from_slice::<Value>(reply.body()).map(|body| body["code"].clone());
                assert!(!code.is_ok_and(|code| code == 0), "{fault:?} must not look like success");
            }
            _ => panic!("{fault:?} gave {answer:?}"),
        }
        let journal = desk.model.journal();
        assert_eq!(journal.changes.len(), usize::from(committed), "{fault:?}");
        assert_eq!(journal.requests[0].changed, committed, "{fault:?}");
        let again = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code;
        assert_eq!(again, if committed { 21_011_006 } else { 0 }, "{fault:?}: it strikes once");
    }
}

#[tokio::test]
async fn every_code_of_the_lists_can_be_provoked() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    for (code, text) in CODES.iter().copied().chain([(29_999_999, "Request refused.")]) {
        desk.model.inject(once(Fault::Code(code)));
        let answer = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
        assert_eq!((answer.code, answer.message.as_str()), (code, text));
        assert!(answer.data.is_null());
    }
    assert!(desk.model.journal().changes.is_empty());
    let mut codes: Vec<i64> = CODES.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len(), "each code once");
}

#[tokio::test]
async fn a_throttle_may_or_may_not_say_how_long() {
    let desk = Desk::us();
    for (wait, header) in [(None, None), (Some(Duration::from_secs(7)), Some("7"))] {
        desk.model.inject(FaultRule::new(Fault::Throttle { retry_after: wait }).writes(false).times(1));
        let request = desk.request("GET", "/logistics/202309/warehouses", &[], None);
        let response = desk.model.handle(request).await.reply().unwrap();
        assert_eq!(response.headers().get("retry-after").map(|value| value.to_str().unwrap()), header);
        assert_eq!(response.status(), 429);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_come_before_the_work_and_slowness_after_it() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    for (fault, committed) in
        [(Fault::Delay(Duration::from_secs(9)), false), (Fault::Slow(Duration::from_secs(9)), true)]
    {
        desk.model.inject(once(fault.clone()));
        let request = desk.mark_request(ORDER, &[], "9400100000000000000017", USPS);
        let gave_up = tokio::time::timeout(Duration::from_secs(8), desk.model.handle(request)).await;
        assert!(gave_up.is_err());
        assert_eq!(desk.model.journal().changes.len(), usize::from(committed), "{fault:?}");
    }
}

#[tokio::test]
async fn chance_is_played_back_from_the_seed() {
    let run = || async {
        let desk = Desk::us();
        desk.model.inject(FaultRule::new(Fault::Code(36_009_003)).probability(0.5));
        let mut codes = Vec::new();
        for _ in 0..32 {
            codes.push(desk.get("/logistics/202309/warehouses", &[]).await.code);
        }
        codes
    };
    let (one, two) = (run().await, run().await);
    assert_eq!(one, two);
    assert!(one.contains(&0) && one.contains(&36_009_003));
}

#[tokio::test]
async fn a_success_may_carry_a_warning() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    desk.model.inject(once(Fault::Warning("Matches several carriers.".into())));
    let answer = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
    assert_eq!(answer.data["warning"]["message"], "Matches several carriers.");
}
