/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_style.c - the one style sheet, which the page's policy names by its digest. Colours of text
 * have a contrast of 6.4 to 1 and more with their background, in both themes.
 */
#include "report/html.h"

#include <string.h>

/* clang-format off */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--card:#f6f7f9;--fg:#1b1b1b;--mute:#595959;--line:#c9ccd1;"
    "--c4:#8b0000;--c3:#b3261e;--c2:#8a4b00;--c1:#1f5fa8;--link:#0b57d0;--seen:#7f9bbf;--hit:#b3261e}"
    "@media (prefers-color-scheme:dark){:root{--bg:#121212;--card:#1d1e20;--fg:#e8e8e8;--mute:#a8a8a8;"
    "--line:#46494e;--c4:#ff8a80;--c3:#ffab91;--c2:#ffcc80;--c1:#90caf9;--link:#8ab4f8;--seen:#5b7699;"
    "--hit:#ff8a80}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:80rem;margin:0 auto;padding:1.5rem 1.25rem 2rem}"
    "h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .6rem}"
    "h2{font-size:1.3rem;margin:2.2rem 0 .5rem;line-height:1.3}h3{font-size:1rem;margin:1.3rem 0 .3rem}"
    "p{margin:.4rem 0}a{color:var(--link)}"
    "a:focus-visible,summary:focus-visible,.w:focus-visible{outline:2px solid var(--link);outline-offset:2px}"
    ".lead{font-size:1.1rem;max-width:62rem}.m,caption,dt{color:var(--mute)}"
    ".e,code{font-family:ui-monospace,Consolas,monospace;font-size:.92em;overflow-wrap:anywhere;unicode-bidi:isolate}"
    ".x{color:var(--c4);font-weight:600}time,.n{white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0;padding:0;list-style:none}"
    ".tiles li{flex:1 1 8rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem}"
    ".tiles b{display:block;font-size:1.7rem;line-height:1.2}"
    ".l{padding-left:.4rem;border-left:3px solid;white-space:nowrap}ul.t .l{margin-left:.4rem}"
    ".l0,.l1{color:var(--c1);border-left-width:1px}.l2{color:var(--c2);border-left-width:2px}"
    ".l3{color:var(--c3)}.l4{color:var(--c4);border-left-width:4px}"
    ".w{overflow-x:auto;margin:.5rem 0 1rem}table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;padding:.2rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--line)}"
    "th{font-size:.85rem;color:var(--mute);white-space:nowrap}"
    "td.c,li,dd,p{overflow-wrap:anywhere}td.h .e,td.a .e{overflow-wrap:break-word}td.h,td.a{max-width:18rem}"
    "td.k{min-width:9rem}td.h{min-width:11rem}td.b{min-width:8rem}td.c{min-width:18rem}td.s{min-width:8rem;width:16%}td.q{min-width:17rem}td.a{min-width:9.2rem}.po{display:none}"
    "svg{display:block;width:100%;height:1.1rem}.axis{fill:var(--line)}.seen{fill:var(--seen)}.hit{fill:var(--hit)}"
    ".gap{fill:var(--bg);stroke:var(--c2);stroke-width:1}"
    "section.i{border:1px solid var(--line);border-left:4px solid var(--line);border-radius:.5rem;padding:.2rem 1.1rem 1rem;margin:1.2rem 0}"
    "section.g4{border-left-color:var(--c4)}section.g3{border-left-color:var(--c3)}section.g2{border-left-color:var(--c2)}"
    "section.i h2{margin-top:.8rem}"
    "dl.f{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.6rem 0}dd{margin:0;min-width:0}"
    "ul.t,ul.t ul{list-style:none;margin:0;padding-left:1.1rem}ul.t{padding-left:0}"
    "ul.t ul{border-left:1px solid var(--line);margin-left:.3rem}ul.t li{margin:.15rem 0}"
    "summary{cursor:pointer}ul.t .e+.e,.cmd{display:block}.cmd{color:var(--fg);padding-left:1.1rem}"
    "ul.p{padding-left:1.2rem;margin:.3rem 0}ul.p li{margin:.15rem 0}"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.5rem .7rem;white-space:pre-wrap;margin:.4rem 0}"
    "ul.te{columns:24rem}nav ul{columns:22rem;padding-left:1.2rem}"
    "@media (max-width:40rem){body{font-size:.95rem}main{padding:1rem .8rem}h1{font-size:1.5rem}"
    "section.i{padding:.2rem .7rem .8rem}dl.f{grid-template-columns:1fr;gap:0}dt{margin-top:.3rem}"
    "ul.t ul{padding-left:.6rem}"
    "table.stack thead{position:absolute;left:-99rem}table.stack tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}"
    "table.stack td{display:block;border:0;padding:.1rem 0;width:auto;min-width:0;max-width:none}"
    "table.stack td.v::before{content:\"coverage: \";color:var(--mute)}}"
    "@media print{@page{margin:15mm}:root{color-scheme:light;--bg:#fff;--card:#fff;--fg:#000;--mute:#444;--line:#999;"
    "--c4:#8b0000;--c3:#b3261e;--c2:#8a4b00;--c1:#1f5fa8;--link:#000;--seen:#7f9bbf;--hit:#b3261e}"
    "body{font-size:9pt}main{max-width:none;padding:0}.w{overflow:visible}"
    "nav{break-after:page}nav ul{columns:auto;list-style:none;padding:0}nav a{text-decoration:none}.po{display:inline}p.po{display:block}.np{display:none}"
    ".cmd,pre{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}pre{-webkit-line-clamp:8}"
    "ul.te{columns:2}dl.f{grid-template-columns:max-content 1fr max-content 1fr}"
    "h2{margin:1rem 0 .3rem}h3{margin:.6rem 0 .2rem}section.i{margin:.7rem 0;padding-bottom:.5rem}"
    "table{font-size:7.5pt}.tiles li{flex-basis:5rem}th{font-size:inherit;white-space:normal}th,td{padding:.2rem .25rem}td.k,td.b,td.a,td.s{min-width:0}td.c{min-width:8rem}td.q{min-width:9rem;width:30%}"
    "td.h,td.a{min-width:0;max-width:10rem}td.s{width:13%}td .l{padding-left:.25rem}"
    "tr,dt,nav li,ul.p li,.tiles li,.cmd{break-inside:avoid}h2,h3,summary{break-after:avoid}#incidents{break-before:page}"
    ".hit,.seen,.gap,.axis{print-color-adjust:exact}details::details-content{content-visibility:visible;display:block}}";
/* clang-format on */

const char *st_page_style(void)
{
    return style;
}

void st_page_style_digest(char out[45])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char sum[33] = { 0 }; /* a NUL behind, to make groups of three */
    st_sha256(style, sizeof style - 1, sum);
    for (size_t i = 0; i < 11; i++) {
        const unsigned char *p = sum + 3 * i;
        unsigned v = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = letters[v >> (18 - 6 * k) & 63];
    }
    out[43] = '=';
    out[44] = 0;
}
