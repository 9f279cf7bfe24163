"""The door's log and what is raised from it: encrypted, kept, counted by user and by partner."""

from __future__ import annotations

import pytest

from components.partner_alarms import PartnerAlarms, PartnerAlarmsArgs
from tests.components.landing_pieces import ACCOUNT, KEY, a_bucket, a_door, a_gateway, answers, lookups, sftp_settings
from tests.components.recorder import Program, Registered
from tests.stack_values import partner, read_partners, user

FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


def watched(registered: Program, **changes: object) -> Registered:
    (read,) = read_partners(partner(users=[user("robot", seed=2)]))
    args = PartnerAlarmsArgs(partner=read, door=a_door(), settings=sftp_settings(**changes))
    return registered(lambda: PartnerAlarms("skyway", args))


def opened(registered: Program, *users: str, **changes: object) -> Registered:
    settings = sftp_settings(**changes)
    return registered(lambda: a_gateway(a_bucket(), users=users, settings=settings), outputs=answers, calls=lookups)


def test_the_log_is_kept_under_our_key_and_the_server_writes_to_it(registered: Program) -> None:
    run = opened(registered, "skyway", logRetentionDays=30)
    assert run.named("sftp-log-group").inputs == {
        "name": ACCOUNT.transfer_log_group,
        "kmsKeyId": KEY,
        "retentionInDays": 30,
    }
    (server,) = run.inputs_of("aws:transfer/server:Server")
    assert server["structuredLogDestinations"] == ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/transfer/x:*"]


@pytest.mark.parametrize("may_delete", [True, False])
def test_the_log_stays_where_the_objects_that_it_tells_of_do(registered: Program, *, may_delete: bool) -> None:
    run = registered(lambda: a_gateway(a_bucket(deleteObjects=may_delete)), outputs=answers, calls=lookups)
    assert run.named("sftp-log-group").options.protect is not may_delete


def test_refused_logins_are_counted_by_user_for_users_that_exist(registered: Program) -> None:
    run = opened(registered, "robot", "skyway")
    (counted,) = run.inputs_of(FILTER)
    assert counted == {
        "name": "failed-logins-0",
        "logGroupName": "/aws/transfer/landing-test",
        "pattern": '{ ($.activity-type = "AUTH_FAILURE") && (($.user = "robot") || ($.user = "skyway")) }',
        "metricTransformation": {
            "name": "FailedLogins",
            "namespace": "Landing/landing-test",
            "value": "1",
            "dimensions": {"User": "$.user"},
        },
    }


@pytest.mark.parametrize("users", [("skyway",), ()])
def test_without_users_or_with_the_threshold_at_nothing_none_is_counted(
    registered: Program, users: tuple[str, ...]
) -> None:
    assert not opened(registered, *users, failedLoginsAlarm=0).of(FILTER)
    assert len(opened(registered, *users).of(FILTER)) == len(users)


def test_each_user_and_each_partner_has_an_alarm_on_its_own_figures(registered: Program) -> None:
    run = watched(registered, failedLoginsAlarm=7, failedUploadsAlarm=2, alarmTopicArn=TOPIC)
    alarms = {each.name: each.inputs for each in run.of(ALARM)}
    common = {
        "namespace": "Landing/landing-test",
        "statistic": "Sum",
        "period": 300,
        "evaluationPeriods": 1,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
    }
    for user_name in ("skyway", "robot"):
        told = alarms.pop(f"{user_name}-failed-logins-alarm")
        assert user_name in told.pop("alarmDescription")
        assert told == common | {
            "name": f"landing-test-{user_name}-failed-logins",
            "metricName": "FailedLogins",
            "dimensions": {"User": user_name},
            "threshold": 7,
        }
    told = alarms.pop("skyway-failed-uploads-alarm")
    assert "skyway" in told.pop("alarmDescription")
    assert told == common | {
        "name": "landing-test-skyway-failed-uploads",
        "metricName": "FailedTransfers-skyway",
        "dimensions": {},
        "threshold": 2,
    }
    assert not alarms


def test_failed_transfers_are_counted_below_the_partners_inbox(registered: Program) -> None:
    (counted,) = watched(registered).inputs_of(FILTER)
    assert counted == {
        "name": "failed-uploads-skyway",
        "logGroupName": "/aws/transfer/landing-test",
        "pattern": (
            '{ (($.activity-type = "ERROR") || ($.activity-type = "PARTIAL_CLOSE")) && '
            '($.path = "/landing-test-partners/partners/skyway/*") }'
        ),
        "metricTransformation": {
            "name": "FailedTransfers-skyway",
            "namespace": "Landing/landing-test",
            "value": "1",
        },
    }


def test_without_a_topic_alarms_only_show(registered: Program) -> None:
    for alarm in watched(registered).inputs_of(ALARM):
        assert alarm["alarmActions"] == alarm["okActions"] == []


def test_a_threshold_of_nothing_switches_its_alarms_off(registered: Program) -> None:
    without_logins = watched(registered, failedLoginsAlarm=0)
    assert [each.name for each in without_logins.of(ALARM)] == ["skyway-failed-uploads-alarm"]
    without_uploads = watched(registered, failedUploadsAlarm=0)
    assert [each.name for each in without_uploads.of(ALARM)] == [
        "robot-failed-logins-alarm",
        "skyway-failed-logins-alarm",
    ]
    assert not without_uploads.of(FILTER)
    assert not watched(registered, failedLoginsAlarm=0, failedUploadsAlarm=0).children_of("skyway")
