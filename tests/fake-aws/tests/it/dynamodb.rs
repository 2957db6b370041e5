use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, ConditionCheck, Delete,
    DeleteRequest, KeysAndAttributes, Put, PutRequest,
    ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update, WriteRequest,
};
use fake_aws::{Capacity, FakeAws, Fault, PartitionLimits};
use serde_json::json;

use crate::support::{code, secs, sleep};

const TABLE: &str = "ledger";

fn one_table() -> (FakeAws, Client) {
    let aws = FakeAws::new(1);
    aws.dynamodb().create_table(TABLE, "pk", Some("sk"));
    let client = aws.caller("test").dynamodb_client();
    (aws, client)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn item(pk: &str, sk: &str, state: &str) -> HashMap<String, AttributeValue> {
    let mut item = key(pk, sk);
    item.insert("state".to_owned(), text(state));
    item
}

async fn put(client: &Client, pk: &str, sk: &str, state: &str) {
    let request = client.put_item().table_name(TABLE);
    let request = request.set_item(Some(item(pk, sk, state)));
    request.send().await.expect("a put");
}

fn state(item: Option<&HashMap<String, AttributeValue>>) -> Option<&str> {
    item?.get("state")?.as_s().ok().map(String::as_str)
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_returns_the_item_that_was_in_the_way() {
    let (aws, client) = one_table();
    put(&client, "a", "1", "STARTED").await;
    let request = client.put_item().table_name(TABLE);
    let request = request.set_item(Some(item("a", "1", "QUEUED")));
    let request = request.condition_expression("attribute_not_exists(pk)");
    let request = request.return_values_on_condition_check_failure(OnFailure::AllOld);
    let error = request
        .send()
        .await
        .expect_err("it exists")
        .into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
        failure,
    ) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(state(failure.item()), Some("STARTED"));
    let kept = aws.dynamodb().item(TABLE, "a", "1").expect("it is there");
    assert_eq!(kept["state"], json!({"S": "STARTED"}));
}

#[tokio::test(start_paused = true)]
async fn updates_and_deletes_take_conditions() {
    let (aws, client) = one_table();
    put(&client, "a", "1", "QUEUED").await;
    let update = |from: &str| {
        let request = client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(key("a", "1")));
        let request =
            request.update_expression("SET #s = :to, attempt = if_not_exists(attempt, :n) + :n");
        let request = request.condition_expression("#s = :from");
        let request = request.expression_attribute_names("#s", "state");
        let request = request.expression_attribute_values(":n", AttributeValue::N("1".to_owned()));
        let request = request.expression_attribute_values(":to", text("STARTED"));
        request
            .expression_attribute_values(":from", text(from))
            .send()
    };
    update("QUEUED").await.expect("the condition holds");
    assert_eq!(
        code(update("QUEUED").await),
        "ConditionalCheckFailedException"
    );
    let kept = aws.dynamodb().item(TABLE, "a", "1").expect("it is there");
    assert_eq!(kept["attempt"], json!({"N": "2"}));
    let delete = |state: &str| {
        let request = client
            .delete_item()
            .table_name(TABLE)
            .set_key(Some(key("a", "1")));
        let request = request.condition_expression("#s = :s");
        let request = request.expression_attribute_names("#s", "state");
        request
            .expression_attribute_values(":s", text(state))
            .send()
    };
    assert_eq!(
        code(delete("QUEUED").await),
        "ConditionalCheckFailedException"
    );
    delete("STARTED").await.expect("the condition holds");
    assert!(aws.dynamodb().items(TABLE).is_empty());
}

/// Returns whether a query of partition "a" finds as many items, and a read of its item the same
/// state, as there are.
async fn sees(client: &Client, items: i32, of_a: Option<&str>) -> bool {
    let query = client.query().table_name(TABLE).consistent_read(true);
    let query = query.key_condition_expression("pk = :pk");
    let query = query.expression_attribute_values(":pk", text("a")).send();
    let get = client.get_item().table_name(TABLE).consistent_read(true);
    let get = get.set_key(Some(key("a", "1"))).send();
    let (query, get) = (query.await.expect("a page"), get.await.expect("a read"));
    query.count() == items && state(get.item()) == of_a
}

#[tokio::test(start_paused = true)]
async fn a_read_sees_each_kind_of_write_also_when_another_partition_was_written_since() {
    let (aws, client) = one_table();
    put(&client, "a", "1", "put").await;
    assert!(sees(&client, 1, Some("put")).await);
    put(&client, "b", "1", "put").await;
    assert!(sees(&client, 1, Some("put")).await);

    let update = client.update_item().table_name(TABLE);
    let update = update.set_key(Some(key("a", "1")));
    let update = update.update_expression("SET #s = :s");
    let update = update.expression_attribute_names("#s", "state");
    let update = update.expression_attribute_values(":s", text("updated"));
    update.send().await.expect("an update");
    assert!(sees(&client, 1, Some("updated")).await);

    let statement = |pk: &str, sk: &str| {
        let text = format!("INSERT INTO \"{TABLE}\" VALUE {{'pk': ?, 'sk': ?}}");
        let request = BatchStatementRequest::builder().statement(text);
        let key = [self::text(pk), self::text(sk)];
        request.set_parameters(Some(key.into())).build().unwrap()
    };
    let batch = client.batch_execute_statement();
    let batch = batch
        .statements(statement("b", "2"))
        .statements(statement("a", "2"));
    batch.send().await.expect("statements");
    assert!(sees(&client, 2, Some("updated")).await);

    let put = Put::builder().table_name(TABLE);
    let put = put
        .set_item(Some(item("a", "1", "in a transaction")))
        .build();
    let delete = Delete::builder().table_name(TABLE);
    let delete = delete.set_key(Some(key("a", "2"))).build();
    let transaction = client.transact_write_items();
    let transaction = transaction
        .transact_items(TransactWriteItem::builder().put(put.unwrap()).build())
        .transact_items(TransactWriteItem::builder().delete(delete.unwrap()).build());
    transaction.send().await.expect("a transaction");
    assert!(sees(&client, 1, Some("in a transaction")).await);

    let delete = DeleteRequest::builder().set_key(Some(key("a", "1")));
    let delete = WriteRequest::builder().delete_request(delete.build().unwrap());
    let batch = client.batch_write_item();
    let batch = batch.request_items(TABLE, vec![delete.build()]);
    batch.send().await.expect("a batch");
    assert!(sees(&client, 0, None).await);

    aws.dynamodb().put(
        TABLE,
        json!({"pk": {"S": "a"}, "sk": {"S": "1"}, "state": {"S": "by hand"}}),
    );
    assert!(sees(&client, 1, Some("by hand")).await);
}

#[tokio::test(start_paused = true)]
async fn a_query_reads_one_partition_in_pages() {
    let (aws, client) = one_table();
    for number in 0..5 {
        put(&client, "slots", &number.to_string(), "x").await;
    }
    put(&client, "other", "1", "x").await;
    let query = || {
        let request = client
            .query()
            .table_name(TABLE)
            .consistent_read(true)
            .limit(2);
        let request = request.key_condition_expression("pk = :pk");
        request.expression_attribute_values(":pk", text("slots"))
    };
    let (mut found, mut next, mut pages) = (0, None, 0);
    loop {
        let page = query()
            .set_exclusive_start_key(next)
            .send()
            .await
            .expect("a page");
        found += page.count();
        pages += 1;
        next = page.last_evaluated_key;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (5, 3));
    assert_eq!(aws.calls_of("Query")[0].facts.keys[0].pk, "slots");
}

#[tokio::test(start_paused = true)]
async fn a_scan_goes_over_the_table_in_pages() {
    let (aws, client) = one_table();
    for number in 0..5 {
        let state = if number == 3 { "QUEUED" } else { "SUCCEEDED" };
        put(&client, &format!("object {number}"), "1", state).await;
    }
    aws.dynamodb().set_page_items(Some(2));
    let (mut from, mut pages, mut found) = (None, Vec::new(), Vec::new());
    loop {
        let request = client.scan().table_name(TABLE);
        let request = request.filter_expression("#s IN (:a, :b)");
        let request = request.expression_attribute_names("#s", "state");
        let request = request.expression_attribute_values(":a", text("QUEUED"));
        let request = request.expression_attribute_values(":b", text("RETRY"));
        let request = request.set_exclusive_start_key(from);
        let page = request.send().await.expect("a page");
        pages.push(page.scanned_count());
        found.extend(page.items().iter().map(|item| item["pk"].clone()));
        from = page.last_evaluated_key;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().sum::<i32>(), 5);
    assert!(pages.len() >= 3, "{pages:?}");
    assert_eq!(found, [text("object 3")]);
}

#[tokio::test(start_paused = true)]
async fn a_scan_costs_by_what_it_reads() {
    let (aws, client) = one_table();
    // 40 items of a little more than 1 KB.
    for number in 0..40 {
        put(&client, "a", &format!("{number:02}"), &"x".repeat(1_024)).await;
    }
    let scan = async |consistent: bool, filter: Option<&str>| {
        let before = aws.consumed_capacity().read;
        let request = client.scan().table_name(TABLE);
        let request = request.consistent_read(consistent);
        let request = request.set_filter_expression(filter.map(str::to_owned));
        request.send().await.expect("a page");
        aws.consumed_capacity().read - before
    };
    let eventual = scan(false, None).await;
    assert!((5.0..6.0).contains(&eventual), "{eventual}");
    assert_eq!(scan(true, None).await, 2.0 * eventual);
    let filtered = scan(false, Some("attribute_not_exists(pk)")).await;
    assert_eq!(filtered, eventual);
}

#[tokio::test(start_paused = true)]
async fn a_test_can_end_pages_early() {
    let (aws, client) = one_table();
    for number in 0..3 {
        put(&client, "slots", &number.to_string(), "x").await;
    }
    aws.dynamodb().set_page_items(Some(2));
    let query = || {
        let request = client.query().table_name(TABLE).consistent_read(true);
        let request = request.key_condition_expression("pk = :pk");
        request.expression_attribute_values(":pk", text("slots"))
    };
    let first = query().send().await.expect("a page");
    assert_eq!(first.count(), 2);
    let next = first.last_evaluated_key;
    assert!(next.is_some(), "there is more");
    let second = query().set_exclusive_start_key(next).send().await;
    let second = second.expect("a page");
    assert_eq!((second.count(), second.last_evaluated_key), (1, None));
    // A read that asks for fewer gets fewer, and the test itself sees all.
    let one = query().limit(1).send().await.expect("a page");
    assert_eq!(one.count(), 1);
    assert_eq!(aws.dynamodb().items(TABLE).len(), 3);
}

fn keys(sks: &[&str]) -> KeysAndAttributes {
    let keys = sks.iter().map(|sk| key("a", sk)).collect();
    let request = KeysAndAttributes::builder().set_keys(Some(keys));
    request.consistent_read(true).build().expect("complete")
}

#[tokio::test(start_paused = true)]
async fn a_batch_get_may_leave_keys_unprocessed() {
    let (aws, client) = one_table();
    for sk in ["1", "2"] {
        put(&client, "a", sk, "x").await;
    }
    aws.faults().fail_entries(|_, key| key == "a|2");
    let request = || {
        client
            .batch_get_item()
            .request_items(TABLE, keys(&["1", "2", "3"]))
    };
    let answer = request().send().await.expect("a partial answer");
    assert_eq!(answer.responses().expect("answers")[TABLE].len(), 1);
    let left = &answer.unprocessed_keys().expect("keys")[TABLE];
    assert_eq!(left.keys(), [key("a", "2")]);
    assert_eq!(left.consistent_read(), Some(true), "ready to be sent again");
    aws.faults().fail_entries(|_, _| true);
    assert_eq!(
        code(request().send().await),
        "ProvisionedThroughputExceededException"
    );
    aws.faults().clear();
    let answer = request().send().await.expect("a whole answer");
    assert_eq!(answer.responses().expect("answers")[TABLE].len(), 2);
    assert!(answer.unprocessed_keys().expect("a map").is_empty());
}

fn put_request(sk: &str) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item("a", sk, "x")));
    let put = put.build().expect("complete");
    WriteRequest::builder().put_request(put).build()
}

#[tokio::test(start_paused = true)]
async fn a_batch_write_may_leave_items_unprocessed() {
    let (aws, client) = one_table();
    put(&client, "a", "0", "x").await;
    aws.faults().fail_entries(|_, key| key == "a|2");
    let delete = DeleteRequest::builder().set_key(Some(key("a", "0")));
    let delete = WriteRequest::builder().delete_request(delete.build().expect("complete"));
    let writes = vec![put_request("1"), put_request("2"), delete.build()];
    let request = || {
        client
            .batch_write_item()
            .request_items(TABLE, writes.clone())
    };
    let answer = request().send().await.expect("a partial answer");
    assert_eq!(
        answer.unprocessed_items().expect("items")[TABLE],
        [put_request("2")]
    );
    let left = aws.dynamodb().items(TABLE);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["sk"], json!({"S": "1"}));
    aws.faults().fail_entries(|_, _| true);
    assert_eq!(
        code(request().send().await),
        "ProvisionedThroughputExceededException"
    );
}

#[tokio::test(start_paused = true)]
async fn each_statement_of_a_batch_has_a_condition_of_its_own() {
    let (aws, client) = one_table();
    put(&client, "a", "1", "old").await;
    aws.faults().fail_entries(|_, key| key == "a|2");
    let insert = |sk: &str| {
        let sql = format!("INSERT INTO \"{TABLE}\" VALUE {{'pk': ?, 'sk': ?, 'state': ?}}");
        let values = ["a", sk, "new"].map(text);
        let statement = BatchStatementRequest::builder().statement(sql);
        let statement = statement.set_parameters(Some(values.into()));
        statement.build().expect("complete")
    };
    let statements = ["1", "2", "3"].map(insert);
    let request = client
        .batch_execute_statement()
        .set_statements(Some(statements.into()));
    let answer = request.send().await.expect("a partial answer");
    let codes: Vec<_> = answer
        .responses()
        .iter()
        .map(|one| one.error().and_then(|error| error.code()))
        .collect();
    assert_eq!(
        codes,
        [
            Some(&BatchStatementErrorCodeEnum::DuplicateItem),
            Some(&BatchStatementErrorCodeEnum::ThrottlingError),
            None
        ]
    );
    let items = aws.dynamodb().items(TABLE);
    let states: Vec<_> = items.iter().map(|item| &item["state"]["S"]).collect();
    assert_eq!(states, ["old", "new"]);
    let call = aws.calls().pop().expect("a call");
    assert_eq!(call.facts.keys.len(), 3);
    assert_eq!(
        call.facts.capacity, 2.0,
        "a condition that fails costs, too"
    );
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_all_or_nothing() {
    let (aws, client) = one_table();
    put(&client, "a", "1", "STARTED").await;
    put(&client, "slots", "run", "x").await;
    let transact = |from: &str| {
        let update = Update::builder()
            .table_name(TABLE)
            .set_key(Some(key("a", "1")));
        let update = update
            .update_expression("SET #s = :to")
            .condition_expression("#s = :from");
        let update = update.expression_attribute_names("#s", "state");
        let update = update.expression_attribute_values(":from", text(from));
        let update = update.expression_attribute_values(":to", text("DONE"));
        let delete = Delete::builder()
            .table_name(TABLE)
            .set_key(Some(key("slots", "run")));
        let put = Put::builder()
            .table_name(TABLE)
            .set_item(Some(item("b", "1", "x")));
        let update = update.build().expect("complete");
        let delete = delete.build().expect("complete");
        let put = put.build().expect("complete");
        let request = client.transact_write_items();
        let request = request.transact_items(TransactWriteItem::builder().update(update).build());
        let request = request.transact_items(TransactWriteItem::builder().delete(delete).build());
        let request = request.transact_items(TransactWriteItem::builder().put(put).build());
        request.send()
    };
    let error = transact("QUEUED").await.expect_err("the condition fails");
    let error = error.into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
    assert_eq!(aws.dynamodb().items(TABLE).len(), 2);
    transact("STARTED").await.expect("the condition holds");
    let left = aws.dynamodb().items(TABLE);
    assert_eq!(left.len(), 2);
    assert_eq!(left[0]["state"], json!({"S": "DONE"}));
}

/// Returns one put that must be new, one check of a state, one plain put.
fn three_actions(expected: &str) -> Vec<TransactWriteItem> {
    let new = Put::builder().table_name(TABLE);
    let new = new
        .set_item(Some(item("a", "1", "new")))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    let check = ConditionCheck::builder().table_name(TABLE);
    let check = check
        .set_key(Some(key("a", "2")))
        .condition_expression("#s = :s")
        .expression_attribute_names("#s", "state")
        .expression_attribute_values(":s", text(expected))
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    let plain = Put::builder().table_name(TABLE);
    let plain = plain.set_item(Some(item("a", "3", "new")));
    vec![
        TransactWriteItem::builder()
            .put(new.build().expect("complete"))
            .build(),
        TransactWriteItem::builder()
            .condition_check(check.build().expect("complete"))
            .build(),
        TransactWriteItem::builder()
            .put(plain.build().expect("complete"))
            .build(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_transaction_gives_its_reasons_in_order() {
    let (aws, client) = one_table();
    put(&client, "a", "2", "STARTED").await;
    let reasons = async |expected: &str| {
        let request = client.transact_write_items();
        let request = request.set_transact_items(Some(three_actions(expected)));
        let error = request.send().await.expect_err("it is cancelled");
        let TransactWriteItemsError::TransactionCanceledException(cancelled) =
            error.into_service_error()
        else {
            panic!("another error");
        };
        let reasons = cancelled.cancellation_reasons().iter();
        reasons
            .map(|reason| {
                let code = reason.code().unwrap_or_default().to_owned();
                (code, state(reason.item()).map(str::to_owned))
            })
            .collect::<Vec<_>>()
    };
    let none = ("None".to_owned(), None);
    let failed = |state: &str| {
        let state = Some(state.to_owned());
        ("ConditionalCheckFailed".to_owned(), state)
    };
    assert_eq!(
        reasons("DONE").await,
        [none.clone(), failed("STARTED"), none.clone()]
    );
    put(&client, "a", "1", "OLD").await;
    assert_eq!(
        reasons("STARTED").await,
        [failed("OLD"), none.clone(), none.clone()]
    );
    assert_eq!(
        reasons("DONE").await,
        [failed("OLD"), failed("STARTED"), none]
    );
    assert_eq!(aws.dynamodb().items(TABLE).len(), 2, "nothing was written");
}

#[tokio::test(start_paused = true)]
async fn a_client_token_makes_a_transaction_idempotent_for_ten_minutes() {
    let (aws, client) = one_table();
    let add = |amount: &str| {
        let update = Update::builder()
            .table_name(TABLE)
            .set_key(Some(key("a", "1")));
        let update = update.update_expression("ADD n :n");
        let amount = AttributeValue::N(amount.to_owned());
        let update = update.expression_attribute_values(":n", amount);
        let update = update.build().expect("complete");
        let request = client.transact_write_items().client_request_token("token");
        request
            .transact_items(TransactWriteItem::builder().update(update).build())
            .send()
    };
    let n = || {
        let item = aws.dynamodb().item(TABLE, "a", "1").expect("it is there");
        item["n"]["N"].as_str().map(str::to_owned)
    };
    add("1").await.expect("a first request");
    sleep(599).await;
    add("1").await.expect("a repetition");
    assert_eq!(n().as_deref(), Some("1"));
    assert_eq!(code(add("2").await), "IdempotentParameterMismatchException");
    sleep(1).await;
    add("1").await.expect("a new request");
    assert_eq!(n().as_deref(), Some("2"));
    sleep(599).await;
    add("1").await.expect("a repetition of the new one");
    assert_eq!(n().as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_may_conflict_with_another() {
    let (aws, client) = one_table();
    put(&client, "a", "2", "STARTED").await;
    aws.faults().before(|_| Fault::TransactionConflict);
    let transact = || {
        let request = client.transact_write_items();
        let request = request.set_transact_items(Some(three_actions("STARTED")));
        request.send()
    };
    let error = transact().await.expect_err("a conflict");
    let error = error.into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let reasons = cancelled.cancellation_reasons().iter();
    let codes: Vec<_> = reasons.filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["TransactionConflict", "None", "None"]);
    let delete = client.delete_item().table_name(TABLE);
    let delete = delete.set_key(Some(key("a", "2"))).send().await;
    assert_eq!(code(delete), "TransactionConflictException");
    assert_eq!(aws.dynamodb().items(TABLE).len(), 1);
    aws.faults().clear();
    transact().await.expect("nobody is in the way");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_costs_double_and_so_does_a_cancelled_one() {
    let (aws, client) = one_table();
    aws.dynamodb().put(
        TABLE,
        json!({"pk": {"S": "a"}, "sk": {"S": "2"}, "state": {"S": "STARTED"},
            "more": {"S": "x".repeat(1500)}}),
    );
    let mut written = 0.0;
    // The check is of an item of 2 units; after the first, the second is cancelled by the first
    // one's write.
    for cancelled in [false, true] {
        let request = client.transact_write_items();
        let request = request.set_transact_items(Some(three_actions("STARTED")));
        assert_eq!(request.send().await.is_err(), cancelled);
        written += 2.0 * (1.0 + 2.0 + 1.0);
        assert_eq!(aws.consumed_capacity().write, written);
    }
    assert_eq!(aws.consumed_capacity().read, 0.0);
}

#[tokio::test(start_paused = true)]
async fn eventually_consistent_reads_may_be_stale() {
    let aws = FakeAws::new(1);
    aws.dynamodb().set_read_lag(secs(2));
    aws.dynamodb().create_table(TABLE, "pk", Some("sk"));
    let client = aws.caller("test").dynamodb_client();
    let get = async |consistent: bool| {
        let request = client
            .get_item()
            .table_name(TABLE)
            .set_key(Some(key("a", "1")));
        let answer = request
            .consistent_read(consistent)
            .send()
            .await
            .expect("a read");
        state(answer.item.as_ref()).map(str::to_owned)
    };
    let count = async |consistent: bool| {
        let request = client.query().table_name(TABLE).consistent_read(consistent);
        let request = request.key_condition_expression("pk = :pk");
        let request = request.expression_attribute_values(":pk", text("a"));
        request.send().await.expect("a query").count()
    };
    put(&client, "a", "1", "old").await;
    sleep(1).await;
    put(&client, "a", "1", "new").await;
    assert_eq!(
        (get(true).await.as_deref(), get(false).await),
        (Some("new"), None)
    );
    assert_eq!((count(true).await, count(false).await), (1, 0));
    sleep(1).await;
    assert_eq!(get(false).await.as_deref(), Some("old"));
    sleep(1).await;
    assert_eq!(get(false).await.as_deref(), Some("new"));
    let request = client.delete_item().table_name(TABLE);
    request
        .set_key(Some(key("a", "1")))
        .send()
        .await
        .expect("a delete");
    assert_eq!((count(true).await, count(false).await), (0, 1));
    sleep(2).await;
    assert_eq!(count(false).await, 0);
}

#[tokio::test(start_paused = true)]
async fn capacity_is_counted_for_reads_writes_and_failed_conditions() {
    let (aws, client) = one_table();
    put(&client, "a", "1", &"x".repeat(1500)).await;
    let request = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("a", "1", "y")));
    let failed = request
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await;
    assert_eq!(code(failed), "ConditionalCheckFailedException");
    assert_eq!(
        aws.consumed_capacity(),
        Capacity {
            read: 0.0,
            write: 4.0
        }
    );
    let request = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key("a", "1")));
    let answer = request.clone().send().await.expect("a read");
    assert!(answer.consumed_capacity().is_none(), "it was not asked for");
    request.consistent_read(true).send().await.expect("a read");
    assert_eq!(
        aws.consumed_capacity(),
        Capacity {
            read: 1.5,
            write: 4.0
        }
    );
}

#[tokio::test(start_paused = true)]
async fn expired_items_stay_until_they_are_removed() {
    let (aws, client) = one_table();
    let specification = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .attribute_name("expires_at")
        .enabled(true);
    let request = client.update_time_to_live().table_name(TABLE);
    let request = request.time_to_live_specification(specification.build().expect("complete"));
    request.send().await.expect("TTL is set");
    let expires_at = aws.clock().now_ms() / 1000 + 60;
    let item =
        json!({"pk": {"S": "a"}, "sk": {"S": "1"}, "expires_at": {"N": expires_at.to_string()}});
    aws.dynamodb().put(TABLE, item);
    sleep(3600).await;
    assert_eq!(
        aws.dynamodb().items(TABLE).len(),
        1,
        "expired, but still read"
    );
    let kept = json!({"pk": {"S": "a"}, "sk": {"S": "2"}});
    aws.dynamodb().put(TABLE, kept.clone());
    assert_eq!(aws.dynamodb().remove_expired(), 1);
    assert_eq!(aws.dynamodb().items(TABLE), std::slice::from_ref(&kept));
    // An operator need not wait.
    aws.dynamodb().remove(TABLE, &kept);
    assert!(aws.dynamodb().items(TABLE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partition_gives_so_many_units_a_second() {
    let (aws, client) = one_table();
    let limits = PartitionLimits {
        writes: 5.0,
        reads: 0.01,
    };
    aws.dynamodb().limit_partitions(Some(limits));
    let statements = |pk: &'static str| {
        let statement = move |number: usize| {
            let new = format!("INSERT INTO \"{TABLE}\" VALUE {{'pk': ?, 'sk': ?}}");
            let request = BatchStatementRequest::builder().statement(new);
            let request = request.parameters(text(pk));
            request
                .parameters(text(&number.to_string()))
                .build()
                .unwrap()
        };
        let batch = client.batch_execute_statement();
        batch
            .set_statements(Some((0..8).map(statement).collect()))
            .send()
    };
    for pk in ["a", "b"] {
        let answer = statements(pk).await.unwrap();
        let errors = answer.responses().iter().filter_map(|it| it.error());
        let codes: Vec<_> = errors.filter_map(|error| error.code()).collect();
        assert_eq!(
            codes,
            vec![&BatchStatementErrorCodeEnum::ThrottlingError; 3]
        );
    }
    let put = || {
        let put = client.put_item().table_name(TABLE);
        put.set_item(Some(item("a", "new", "QUEUED"))).send()
    };
    // The SDK makes it again after a while.
    sleep(1).await;
    assert!(put().await.is_ok());
    let query = || {
        let query = client.query().table_name(TABLE).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        query.expression_attribute_values(":pk", text("b")).send()
    };
    // The units of a read are known afterwards: it can be owed.
    assert_eq!(query().await.unwrap().count(), 5);
    let refused = code(query().await);
    assert_eq!(refused, "ProvisionedThroughputExceededException");
    assert!(aws.dynamodb().throttled() > 6);
}
