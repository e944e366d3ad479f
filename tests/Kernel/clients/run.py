"""Runs unit tests by name and prints one line of JSON for each: its name, whether it passed, and what it said."""
import json
import signal
import sys
import unittest


PATIENCE = 60  # seconds a test may take; a kernel that never answers must not hold up the others


def give_up(_signal, _frame):
    raise TimeoutError(f"the test was not done after {PATIENCE} s")


class Reporter(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.complaints, self.skip_reason = [], None
        signal.alarm(PATIENCE)

    def addError(self, test, err):
        super().addError(test, err)
        self.complain(err, test)

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.complain(err, subtest)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason or "nothing to test"

    def complain(self, err, test):
        text = f"{test}\n{self._exc_info_to_string(err, test)}"
        if hasattr(self, "complaints") and isinstance(test, (unittest.TestCase, unittest.case._SubTest)):
            self.complaints.append(text)
        else:  # the class could not be set up: no test of it runs
            print(json.dumps({"test": "setUpClass", "outcome": "failed", "detail": text}), flush=True)

    def stopTest(self, test):
        signal.alarm(0)
        outcome = "failed" if self.complaints else "skipped" if self.skip_reason else "passed"
        detail = "\n".join(self.complaints) or self.skip_reason or ""
        print(json.dumps({"test": test.id().rpartition(".")[2], "outcome": outcome, "detail": detail}), flush=True)
        super().stopTest(test)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, give_up)
    unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:]).run(Reporter())
