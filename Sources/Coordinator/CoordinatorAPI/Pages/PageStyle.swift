/// The pages' one style sheet: light and dark by the reader's own setting, one column of cards on a phone. A state is
/// always a word and a shape, never a colour alone.
enum PageStyle {
    static let text = """
        :root{--page:#f6f7f9;--card:#fff;--ink:#16191d;--soft:#5b6470;--line:#dfe3e8;--good:#11703a;--warn:#8a5200;
        --bad:#b3161f;--idle:#4a5868;--goodbg:#e6f4ea;--warnbg:#fdf1dc;--badbg:#fde8e8;--idlebg:#eaeef3}
        @media (prefers-color-scheme:dark){:root{--page:#101317;--card:#181c22;--ink:#e8ebef;--soft:#98a2ae;
        --line:#2b323b;--good:#5fd08a;--warn:#f0b455;--bad:#ff8a84;--idle:#a9b6c4;--goodbg:#12301f;--warnbg:#37280d;
        --badbg:#3d1719;--idlebg:#222a33}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);
        font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
        header{display:flex;align-items:center;gap:1rem;padding:.7rem 1rem;border-bottom:1px solid var(--line);
        background:var(--card)}
        .brand{font-size:1.05rem;letter-spacing:.01em}
        header time{margin-left:auto;color:var(--soft);font-size:.875rem}
        main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}
        footer{padding:1.5rem 1rem 2.5rem}
        h1{font-size:1.5rem;line-height:1.25;margin:0}
        h2{font-size:1.05rem;margin:1.75rem 0 .6rem}
        p{margin:.25rem 0}
        .small{color:var(--soft);font-size:.84rem}
        .verdict{margin:1rem 0 0;padding:1rem 1.1rem;border-radius:.6rem;border-left:.4rem solid}
        .good{--tone:var(--good);--back:var(--goodbg)}.warn{--tone:var(--warn);--back:var(--warnbg)}
        .bad{--tone:var(--bad);--back:var(--badbg)}.idle{--tone:var(--idle);--back:var(--idlebg)}
        .verdict{background:var(--back);border-color:var(--tone)}
        .verdict h1{color:var(--tone)}
        .cards{list-style:none;margin:0;padding:0;display:grid;gap:.6rem}
        .cards li,.note{background:var(--card);border:1px solid var(--line);border-left:.4rem solid var(--tone);
        border-radius:.6rem;padding:.7rem .9rem;overflow-wrap:anywhere}
        .what{font-weight:600;margin:0}
        .detail{white-space:pre-wrap}
        .state{display:inline-block;padding:.1rem .55rem;border-radius:1rem;background:var(--back);color:var(--tone);
        font-size:.84rem;font-weight:600;white-space:nowrap}
        .state::before{margin-right:.35em}
        .good .state::before{content:"✓"}.warn .state::before{content:"!"}.bad .state::before{content:"✕"}
        .idle .state::before{content:"·"}
        table{width:100%;border-collapse:separate;border-spacing:0;background:var(--card);border:1px solid var(--line);
        border-radius:.6rem;overflow:hidden}
        th{text-align:left;font-size:.84rem;font-weight:600;color:var(--soft);background:var(--page)}
        th,td{padding:.5rem .8rem;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
        tr:last-child td{border-bottom:0}
        td .small{display:block}
        td[data-label] .small{white-space:nowrap}
        .name bdi{font-weight:600;white-space:pre-wrap}
        tr:has(+.more) td{border-bottom:0}
        .more td{padding-top:0;color:var(--tone);font-size:.9rem;white-space:pre-wrap}
        button,input{font:inherit;color:inherit;border:1px solid var(--line);border-radius:.45rem;background:var(--card);
        padding:.35rem .8rem}
        button{cursor:pointer}
        :focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
        .login{max-width:26rem;padding-top:14vh}
        .login form{display:grid;gap:.5rem;margin:1.2rem 0}
        .login label{font-weight:600}
        .login input{padding:.7rem .8rem;min-width:0}
        .login button{padding:.7rem;background:var(--ink);color:var(--page);border-color:var(--ink);font-weight:600}
        @media (max-width:46rem){
        h1{font-size:1.25rem}
        table,tbody,tr,td{display:block}
        thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        table{background:none;border:0;border-radius:0}
        tr{background:var(--card);border:1px solid var(--line);border-left:.4rem solid var(--tone);border-radius:.6rem;
        padding:.6rem .9rem;margin-bottom:.6rem;display:grid;grid-template-columns:auto 1fr;gap:.15rem .7rem}
        td,tr:last-child td{padding:0;border:0}
        td .small{display:inline}
        td[data-label]{grid-column:1/-1;display:grid;grid-template-columns:6.2rem 1fr;gap:.5rem;align-items:baseline}
        td[data-label] .small{white-space:normal}
        td[data-label]::before{content:attr(data-label);color:var(--soft);font-size:.84rem}
        td .small::before{content:" "}
        tr:has(+.more){margin-bottom:0;border-bottom:0;border-bottom-left-radius:0;border-bottom-right-radius:0}
        tr.more{border-top:0;border-top-left-radius:0;border-top-right-radius:0;padding-top:0}
        .more td:first-child{display:none}
        .more td{grid-column:1/-1}
        }
        """
}
