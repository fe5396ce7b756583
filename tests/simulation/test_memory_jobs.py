"""The store of jobs in memory stands the contract cases of the databases, but those of several writers."""

import pytest

from tests.contract.reconciler.test_job_history import (  # noqa: F401 - cases to run on the store of this module
    test_a_new_job_has_no_history,
    test_a_person_who_settles_a_job_is_told_once,
    test_a_persons_attempt_in_vain_changes_nothing_but_the_history,
    test_a_persons_attempt_is_kept_while_the_job_runs,
    test_a_pruned_job_can_come_again_without_its_past,
    test_attempts_are_told_oldest_first_and_come_back_as_they_were,
    test_each_job_has_a_history_of_its_own,
    test_pruning_takes_the_oldest_first_and_no_more_than_it_may,
    test_what_settles_without_an_attempt_is_told_once,
    test_who_lost_the_claim_leaves_no_line,
)
from tests.contract.reconciler.test_jobs import (  # noqa: F401 - the same
    test_a_batch_takes_the_longest_due,
    test_a_finished_job_is_not_claimed,
    test_a_job_comes_back_as_it_was_written,
    test_a_lease_that_ran_out_is_taken_over_and_the_old_holder_cannot_write,
    test_a_lost_lease_cannot_be_renewed,
    test_a_renewed_lease_is_kept,
    test_applying_a_change_tells_which_jobs_it_changed,
    test_merging_adds_what_is_new_and_changes_what_is_known,
    test_merging_many_at_once,
    test_only_due_jobs_are_claimed_the_longest_due_first,
    test_open_ids_are_all_that_is_not_completed,
    test_pages_can_be_of_one_status,
    test_pages_show_every_job_once_newest_change_first,
    test_running_jobs_are_left_alone,
    test_what_was_reclaimed_can_be_neither_renewed_nor_written,
)
from tests.simulation.memory_jobs import MemoryJobs
from tests.support.clocks import ManualClock


@pytest.fixture
def store() -> MemoryJobs:
    return MemoryJobs(ManualClock())
