import fc from 'fast-check';
import { expect, test } from 'vitest';
import { embeddedJson, escapeHtml, html, name, visibleText } from './html.js';

test('inserted text cannot become markup', () => {
  const hostile = `<script>alert("1")</script>'&`;
  expect(html`<p title="${hostile}">${hostile}</p>`.markup).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;</p>',
  );
});

test('markup made by the template is inserted as it is, lists too', () => {
  expect(html`<ul>${['a', '<b>'].map((item) => html`<li>${item}</li>`)}</ul>`.markup).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>',
  );
});

test('a name that turns the writing direction around is shown with what it contains', () => {
  expect(visibleText('abc\u202etxt.exe')).toBe('abc[U+202E]txt.exe');
  expect(visibleText('a\u0000b\u001b[31m')).toBe('a[U+0000]b[U+001B][31m');
});

test('any text loses every character that could open markup or end an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
    }),
  );
});

test('embedded JSON cannot end its element and reads back unchanged', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { markup } = embeddedJson(value);
      expect(markup).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.parse(markup)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(embeddedJson('</script><!--').markup).toBe('"\\u003c/script\\u003e\\u003c!--"');
});

test('a name of 10,000 characters is cut, in the row and in its title', () => {
  const { markup } = name('x'.repeat(10_000));
  expect(markup.length).toBeLessThan(1300);
  expect(markup).toContain('…');
});

test('a name may be broken between a variant and its cell, and nowhere is it changed', () => {
  expect(name('plain@64KiB,4conns').markup).toBe('<bdi class="name">plain@<wbr>64KiB,4conns</bdi>');
  expect(name('a@<b>').markup).toBe('<bdi class="name">a@<wbr>&lt;b&gt;</bdi>');
});
