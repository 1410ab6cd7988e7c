"""Pages that a browser shows: one file to look at, and the parts that all pages share.

`static` holds what each page uses: `theme.css` (colours, controls, focus), `slider.css`
and `slider.js` (the element `before-after`).
"""

__all__: list[str] = []
