/// The pages' HTML. `{{…}}` escapes (``HTMLText``); there is no `{{{…}}}` here, and must be none.
enum PageTemplates {
    static let stylePlace = "/*style*/"

    private static let head = """
        {{% CONTENT_TYPE:HOLDFAST}}<!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">

        """

    static let login =
        head + """
            <title>Sign in · Holdfast</title>
            <style>/*style*/</style>
            </head>
            <body>
            <main class="login">
            <h1>Holdfast</h1>
            <p>Backups of this fleet. Sign in with an operator's token.</p>
            {{#message}}<p class="note bad" role="alert"><b>✕</b> {{message}}</p>{{/message}}
            <form method="post" action="/login">
            <label for="token">Token</label>
            <input id="token" name="token" type="password" autocomplete="current-password" autocapitalize="off"
             spellcheck="false" placeholder="hft_…" required autofocus>
            <button type="submit">Sign in</button>
            </form>
            <p class="small">The first one was printed by <code>holdfast init</code>.</p>
            </main>
            </body>
            </html>

            """

    static let status =
        head + """
            <meta http-equiv="refresh" content="30">
            <title>{{title}}</title>
            <style>/*style*/</style>
            </head>
            <body>
            <header>
            <b class="brand">Holdfast</b>
            <time datetime="{{atPrecise}}">{{at}}</time>
            <form method="post" action="/logout"><button type="submit">Sign out</button></form>
            </header>
            <main>
            <section class="verdict {{tone}}">
            <h1>{{headline}}</h1>
            <p>{{totals}}</p>
            </section>
            {{#hasIncidents}}
            <section>
            <h2>Open incidents</h2>
            <ul class="cards">
            {{#incidents}}<li class="{{tone}}">
            <p class="what"><b class="state">{{severity}}</b> <bdi>{{title}}</bdi></p>
            <p class="detail"><bdi>{{detail}}</bdi></p>
            <p class="small">{{#about}}<bdi>{{about}}</bdi> · {{/about}}since {{openedAt}} ({{age}})</p>
            {{#undelivered}}<p class="small"><bdi>{{undelivered}}</bdi></p>{{/undelivered}}
            </li>
            {{/incidents}}
            </ul>
            </section>
            {{/hasIncidents}}
            {{#hasFindings}}
            <section>
            <h2>The coordinator</h2>
            <ul class="cards">
            {{#findings}}<li class="warn"><p class="what">{{.}}</p></li>
            {{/findings}}
            </ul>
            </section>
            {{/hasFindings}}
            {{#hasDatabases}}
            <section>
            <h2>Databases</h2>
            <table>
            <thead><tr><th>State</th><th>Database</th><th>Host</th><th>Last good</th><th>Next</th><th>Proof</th></tr></thead>
            <tbody>
            {{#databases}}<tr class="{{tone}}">
            <td><b class="state">{{state}}</b></td>
            <td class="name"><bdi>{{name}}</bdi> <span class="small">{{kind}}</span></td>
            <td data-label="Host"><bdi>{{agent}}</bdi></td>
            <td data-label="Last good"><span>{{lastGood}} <span class="small">{{lastGoodAt}}</span></span></td>
            <td data-label="Next"><span>{{next}} <span class="small">{{nextAt}}</span></span></td>
            <td data-label="Proof"><span>{{proof}} <span class="small">{{proofMeaning}}</span></span></td>
            </tr>
            {{#note}}<tr class="{{tone}} more"><td></td><td colspan="5"><bdi>{{note}}</bdi></td></tr>
            {{/note}}{{/databases}}
            </tbody>
            </table>
            {{#hiddenDatabases}}<p class="small">{{hiddenDatabases}}</p>{{/hiddenDatabases}}
            </section>
            {{/hasDatabases}}
            {{#hasAgents}}
            <section>
            <h2>Agents</h2>
            <table>
            <thead><tr><th>State</th><th>Host</th><th>Last seen</th><th>Databases</th><th>At work on</th><th>Version</th></tr></thead>
            <tbody>
            {{#agents}}<tr class="{{tone}}">
            <td><b class="state">{{state}}</b></td>
            <td class="name"><bdi>{{name}}</bdi></td>
            <td data-label="Last seen"><span>{{lastSeen}} <span class="small">{{lastSeenAt}}</span></span></td>
            <td data-label="Databases">{{databases}}</td>
            <td data-label="At work on"><bdi>{{doing}}</bdi></td>
            <td data-label="Version">{{version}}</td>
            </tr>
            {{/agents}}
            </tbody>
            </table>
            {{#hiddenAgents}}<p class="small">{{hiddenAgents}}</p>{{/hiddenAgents}}
            </section>
            {{/hasAgents}}
            </main>
            <footer class="small">Holdfast {{version}} · this page renews itself every 30 seconds · times are UTC</footer>
            </body>
            </html>

            """
}
