from contracts.estimate import CostRange, CountRange, Estimate


def test_a_number_is_a_range_that_leaves_nothing_open() -> None:
    assert CountRange.of(3) == CountRange(low=3, expected=3, high=3)
    assert CountRange.of(CountRange.between(1, 4)) == CountRange(low=1, expected=3, high=4)


def test_ranges_add_and_multiply_end_by_end() -> None:
    one, other = CountRange(low=1, expected=2, high=3), CountRange(low=0, expected=1, high=10)
    assert one.plus(other) == CountRange(low=1, expected=3, high=13)
    assert one.times(other) == CountRange(low=0, expected=2, high=30)
    assert one.times(2) == CountRange(low=2, expected=4, high=6)
    assert CostRange(low=0, expected=1, high=2).plus(CostRange(low=1, expected=1, high=1)) == CostRange(
        low=1, expected=2, high=3
    )


def test_an_estimate_reads_back_what_it_writes() -> None:
    nothing = CountRange.of(0)
    estimate = Estimate(
        pipeline_id="p",
        calls=nothing,
        input_tokens=nothing,
        output_tokens=nothing,
        cost=None,
        stages=(),
        assumptions=("Four characters are one token.",),
        is_complete=True,
        budget=None,
        limited_by_budget=False,
    )
    written = estimate.model_dump_json()
    assert '"limitedByBudget":false' in written
    assert Estimate.model_validate_json(written) == estimate
