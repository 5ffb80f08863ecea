"""What a call cost in US dollars, or None where nobody knows. The price table is the installed one, never fetched."""

from contracts.pipeline import ModelSpec

_PER_MILLION = 1_000_000
_LISTED_PROVIDERS = frozenset({"openai", "anthropic"})


def cost_usd(spec: ModelSpec, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float | None:
    """Return what these tokens cost.

    A price in the definition wins. Without one, local models are free, a server named by `base_url` is unknown (the
    same model name costs something else there), and the rest is looked up by provider and model.

    Args:
        spec: whose tokens they are.
        input_tokens: all that were read, the cached ones included.
        output_tokens: all that were written.
        cached_tokens: how many of the input came from the provider's cache, where it says so.
    """
    if spec.price is not None:
        return (input_tokens * spec.price.input + output_tokens * spec.price.output) / _PER_MILLION
    if spec.provider == "local":
        return 0.0
    if spec.base_url is not None or spec.provider not in _LISTED_PROVIDERS:
        return None
    return _listed_cost_usd(spec, input_tokens, output_tokens, cached_tokens)


def is_priced(spec: ModelSpec) -> bool:
    """Tell whether `cost_usd` knows this model."""
    return cost_usd(spec, 1, 1) is not None


def _listed_cost_usd(spec: ModelSpec, input_tokens: int, output_tokens: int, cached_tokens: int) -> float | None:
    from genai_prices import Usage, calc_price  # 0.4 s to import, and only hosted models need it

    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens)
    try:
        return float(calc_price(usage, spec.name, provider_id=spec.provider).total_price)
    except LookupError:
        return None
