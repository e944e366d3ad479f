namespace ArKernel.Kernel.Tests;

/// <summary>What goes wrong around a kernel, done to a real one through a real client; the deeds are in <c>clients/faults.py</c>.</summary>
public sealed class FaultTests(Jupyter jupyter)
{
    [Fact]
    public void A_worker_killed_while_a_cell_runs_costs_the_state_and_nothing_else() => Passes("test_worker_is_killed_while_a_cell_runs");

    [Fact]
    public void A_worker_killed_between_cells_is_replaced_and_the_user_is_told() => Passes("test_worker_is_killed_between_cells");

    [Fact]
    public void Code_that_ends_its_process_does_not_end_the_kernel() => Passes("test_user_code_ends_its_process");

    [Fact]
    public void A_killed_front_takes_its_worker_with_it() => Passes("test_front_is_killed");

    [Fact]
    public void A_restart_while_a_cell_runs_leaves_no_process_behind() => Passes("test_restart_while_a_cell_runs");

    [Fact]
    public void A_million_lines_arrive_in_order_or_are_kept_in_a_file() => Passes("test_a_million_lines");

    [Fact]
    public void Two_hundred_megabytes_of_output_are_capped_and_kept_in_a_file() => Passes("test_two_hundred_megabytes");

    [Fact]
    public void A_client_that_vanishes_while_a_cell_prints_finds_its_state_when_it_comes_back() => Passes("test_client_vanishes_while_a_cell_prints");

    [Fact]
    public void A_client_that_vanishes_while_it_is_asked_for_input_leaves_a_kernel_that_can_be_interrupted() => Passes("test_client_vanishes_while_it_is_asked");

    [Fact]
    public void Two_clients_share_a_kernel() => Passes("test_two_clients");

    [Fact]
    public void Two_kernels_run_beside_each_other() => Passes("test_two_kernels");

    [Fact]
    public void A_kernel_that_can_write_nowhere_still_runs_cells() => Passes("test_nowhere_to_write");

    [Fact]
    public void A_taken_port_is_one_clear_error() => Passes("test_port_is_taken");

    [Fact]
    public void A_missing_or_broken_connection_file_is_one_clear_error() => Passes("test_connection_file_is_missing_or_broken");

    private void Passes(string test)
    {
        Jupyter.RequireModule("jupyter_client");
        PythonOutcome outcome = Assert.Single(PythonTests.Run(jupyter, $"faults.Faults.{test}", patience: 120));
        Assert.True(outcome.Outcome == "passed", outcome.Detail);
    }
}
