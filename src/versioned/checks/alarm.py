"""A check that is an alarm of Amazon CloudWatch, metric or composite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from versioned.checks.base import DEFAULT_TIMEOUT, Outcome, Result, Subject, clean_reason

if TYPE_CHECKING:
    from botocore.config import Config

_OUTCOMES = {"OK": Outcome.PASS, "ALARM": Outcome.FAIL}


@dataclass(frozen=True, slots=True)
class AlarmCheck:
    """Asks for the state of an alarm: OK passes, ALARM fails, all else is inconclusive.

    Inconclusive are also an alarm that is not there, and no answer. Credentials, and the region
    where none is given, come from the usual places of boto3.
    """

    alarm: str
    region: str | None = None
    timeout: float = DEFAULT_TIMEOUT

    def run(self, _subject: Subject) -> Result:
        """One request, sent once."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import

        try:
            states = self._states()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            return self._unknown(f"CloudWatch answered {code}")
        except BotoCoreError as error:
            return self._unknown(f"CloudWatch can't be asked: {type(error).__name__}")
        if len(states) != 1:
            return self._unknown(
                f"there are {len(states)} alarms of that name"
                if states
                else "there is no such alarm"
            )
        (state,) = states
        return Result(_OUTCOMES.get(state, Outcome.INCONCLUSIVE), self._words(state))

    def _states(self) -> list[str]:
        import boto3  # noqa: PLC0415 - slow to import

        client = boto3.session.Session().client(
            "cloudwatch", region_name=self.region, config=self._config()
        )
        try:
            found: dict[str, Any] = client.describe_alarms(
                AlarmNames=[self.alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        finally:
            client.close()
        alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        return [str(alarm.get("StateValue", "")) for alarm in alarms]

    def _config(self) -> Config:
        from botocore.config import Config  # noqa: PLC0415 - slow to import

        return Config(
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            retries={"total_max_attempts": 1},
        )

    def _words(self, found: str) -> str:
        where = f" in {self.region}" if self.region else ""
        return clean_reason(f"alarm {self.alarm}{where}: {found}")

    def _unknown(self, found: str) -> Result:
        return Result(Outcome.INCONCLUSIVE, self._words(found))
