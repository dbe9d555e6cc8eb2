use super::*;

async fn shipped(region: &'static str, number: &str, carrier: &str) -> (Desk, String) {
    let desk = Desk::new(region);
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    let answer = desk.mark(ORDER, &[], number, provider_id(region, carrier).unwrap()).await;
    (desk, answer.data["package_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_number_may_be_corrected_once() {
    let (desk, package) = shipped("US", "9400100000000000000017", "USPS").await;
    assert_eq!(desk.correct(ORDER, "1Z999AA10123456784", UPS).await.code, 0);
    let order = desk.read_order(ORDER).await;
    assert_eq!((&order["tracking_number"], &order["shipping_provider"]), (&json!("1Z999AA10123456784"), &json!("UPS")));
    assert_eq!(desk.correct(ORDER, "9400100000000000000024", USPS).await.code, 21_011_051);
    assert_eq!(desk.correct_package(&package, "9400100000000000000024", USPS).await.code, 21_011_051);
    let kinds: Vec<ChangeKind> = desk.model.journal().changes_of(ORDER).map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::First, ChangeKind::Correction]);
}

#[tokio::test]
async fn the_window_for_a_correction_is_72_hours_from_shipping() {
    for (hours, seconds, code) in [(72, 0, 0), (72, 1, 21_011_050)] {
        let (mut desk, _) = shipped("US", "9400100000000000000017", "USPS").await;
        desk.later(SignedDuration::from_hours(hours) + SignedDuration::from_secs(seconds));
        desk.tokens = desk.model.authorise(&[SHOP]).unwrap();
        assert_eq!(desk.correct(ORDER, "9400100000000000000024", USPS).await.code, code, "{hours} h {seconds} s");
    }
}

#[tokio::test]
async fn what_cannot_be_corrected_says_why() {
    let (desk, package) = shipped("US", "9400100000000000000017", "USPS").await;
    desk.model.order(SHOP, "1").line("A", 1).place();
    assert_eq!(desk.correct("1", "9400100000000000000024", USPS).await.code, 21_011_043, "not shipped yet");
    assert_eq!(desk.correct("2", "9400100000000000000024", USPS).await.code, 21_008_111);
    assert_eq!(desk.correct_package("2", "9400100000000000000024", USPS).await.code, 21_011_028);
    assert_eq!(desk.correct(ORDER, "94 00", USPS).await.code, 21_004_012);
    desk.model.scan(SHOP, ORDER);
    assert_eq!(desk.status(ORDER), "IN_TRANSIT");
    desk.model.deliver(SHOP, ORDER);
    assert_eq!(desk.status(ORDER), "DELIVERED");
    assert_eq!(desk.correct(ORDER, "9400100000000000000024", USPS).await.code, 21_011_030);
    assert_eq!(desk.correct_package(&package, "9400100000000000000024", USPS).await.code, 21_011_030);
    desk.model.order(SHOP, "3").line("A", 1).place();
    desk.mark("3", &[], "9400100000000000000031", USPS).await;
    desk.model.cancel(SHOP, "3", "BUYER");
    assert_eq!(desk.correct("3", "9400100000000000000048", USPS).await.code, 21_011_041);
}

#[tokio::test]
async fn a_split_order_is_corrected_by_package_and_each_package_once() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    let one = desk.mark(ORDER, &lines[..1], "9400100000000000000017", USPS).await.data["package_id"].clone();
    let two = desk.mark(ORDER, &lines[1..], "9400100000000000000024", USPS).await.data["package_id"].clone();
    let (one, two) = (one.as_str().unwrap(), two.as_str().unwrap());
    assert_eq!(desk.correct(ORDER, "9400100000000000000031", USPS).await.code, 21_011_049);
    assert_eq!(desk.correct_package(one, "9400100000000000000031", USPS).await.code, 0);
    assert_eq!(desk.correct_package(one, "9400100000000000000048", USPS).await.code, 21_011_051);
    assert_eq!(desk.correct_package(two, "9400100000000000000055", USPS).await.code, 0);
    let numbers: Vec<String> = desk.model.order_now(SHOP, ORDER).unwrap().numbers().into_iter().map(|n| n.0).collect();
    assert_eq!(numbers, ["9400100000000000000031", "9400100000000000000055"]);
}

#[tokio::test]
async fn a_number_that_was_corrected_away_is_free_again() {
    let (desk, _) = shipped("US", "9400100000000000000017", "USPS").await;
    desk.model.order(SHOP, "1").line("A", 1).place();
    assert_eq!(desk.mark("1", &[], "9400100000000000000017", USPS).await.code, 21_011_025);
    desk.correct(ORDER, "9400100000000000000024", USPS).await;
    assert_eq!(desk.mark("1", &[], "9400100000000000000017", USPS).await.code, 0);
}
