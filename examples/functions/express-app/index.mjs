import express from "express";
import serverless from "serverless-http";

const app = express();
app.use(express.json());

app.get("/", (_request, response) => {
  response.type("html").send("<h1>Express, as it is</h1>");
});

app.get("/hello/:name", (request, response) => {
  response.json({ hello: request.params.name, query: request.query });
});

app.post("/echo", (request, response) => {
  response.status(201).cookie("seen", "yes", { httpOnly: true }).json(request.body);
});

app.use((_request, response) => {
  response.status(404).json({ error: "There is nothing here." });
});

export const handler = serverless(app);
