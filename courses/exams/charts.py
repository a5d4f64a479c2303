"""Bars as SVG, joined from numbers and fixed words: no style, no script; a table beside says the same.

Bars begin at zero, each says its own value, and the line to reach is named. Classes take their colours from
the style sheet, so that light, dark and paper are its matter.
"""

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

#: Bars of a week without anything stay empty: no bar is no zero.
Values = Sequence[float | None]

# small enough that its words can be read on a phone
_WIDTH, _HEIGHT, _TOP, _LEFT, _RIGHT, _BOTTOM = 480, 224, 40, 36, 4, 26


def bars(
    values: Values,
    labels: Sequence[str],
    *,
    most: float,
    target: float | None = None,
    target_words: str = "",
) -> SafeString:
    """A bar for each label, from zero to ``most`` at least, with the target as a named line.

    Every second label is written, the last one included.
    """
    top = max([most, target or 0, *(one for one in values if one is not None)]) or 1

    def high(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)

    drawn = []
    for mark in (0, top / 2, top):
        y = high(mark)
        drawn.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="scale" x="{_LEFT - 8}" y="{y + 4:.1f}">{mark:.0f}</text>'
        )
    if target is not None:  # its name stands above, where no bar can cover it, behind a piece of the line
        drawn.append(
            f'<path class="target" d="M{_LEFT} {high(target):.1f}H{_WIDTH - _RIGHT}"/>'
            f'<path class="target" d="M{_LEFT} 12H{_LEFT + 28}"/>'
            f'<text class="target-name" x="{_LEFT + 36}" y="16">{escape(target_words)}</text>'
        )
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    for n, (value, label) in enumerate(zip(values, labels, strict=True)):
        middle = _LEFT + step * (n + 0.5)
        if value is not None:
            drawn.append(
                f'<rect class="bar" x="{middle - step * 0.3:.1f}" y="{high(value):.1f}"'
                f' width="{step * 0.6:.1f}" height="{high(0) - high(value):.1f}"/>'
                f'<text class="value" x="{middle:.1f}" y="{high(value) - 5:.1f}">'
                f"{value:.0f}</text>"
            )
        if (len(labels) - n) % 2:
            drawn.append(f'<text class="label" x="{middle:.1f}" y="{_HEIGHT - 8}">{escape(label)}</text>')
    return mark_safe(  # numbers, fixed names and escaped words
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true" focusable="false">'
        f"{''.join(drawn)}</svg>"
    )


def spark(values: Values, *, most: float, target: float | None = None) -> SafeString:
    """The same as a picture of one line of text, for a row of a table that says the numbers."""
    step = 120 / max(1, len(values))
    drawn = ['<path class="grid" d="M0 27.5H120"/>']
    for n, value in enumerate(values):
        if value is not None:
            height = max(1.0, 26 * min(value, most) / (most or 1))
            drawn.append(
                f'<rect class="bar" x="{step * (n + 0.15):.1f}" y="{27 - height:.1f}"'
                f' width="{step * 0.7:.1f}" height="{height:.1f}"/>'
            )
    if target is not None and target <= most:
        drawn.append(f'<path class="target" d="M0 {27 - 26 * target / most:.1f}H120"/>')
    return mark_safe(  # numbers and fixed names
        f'<svg class="spark" viewBox="0 0 120 28" aria-hidden="true" focusable="false">{"".join(drawn)}</svg>'
    )
