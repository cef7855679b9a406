/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Examples after Kusto's published reference: queries in our own words, with the result that is
 * printed there, as this program spells it.
 */
#include "query_cases.h"

static void reference__functions__a_to_h__as_published(void **state)
{
    static const query_case cases[] = {
        { "print abs(-5)", "print_0:long / 5" },
        { "range x from 1 to 3 step 1 | extend y = x * 2 | extend z = y * 2 | extend a1 = "
          "pack_array(x,y,z), a2 = pack_array(x, y) | project array_concat(a1, a2)",
          "Column1:dynamic / [1,2,4,1,2] / [2,4,8,2,4] / [3,6,12,3,6]" },
        { "print condition=dynamic([true,false,true]), if_true=dynamic([1,2,3]), "
          "if_false=dynamic([4,5,6]) | extend res= array_iff(condition, if_true, if_false)",
          "condition:dynamic if_true:dynamic if_false:dynamic res:dynamic / "
          "[true,false,true],[1,2,3],[4,5,6],[1,5,3]" },
        { "print condition=dynamic([1,0,50]), if_true=\"yes\", if_false=\"no\" | extend res= "
          "array_iff(condition, if_true, if_false)",
          "condition:dynamic if_true:string if_false:string res:dynamic / "
          "[1,0,50],yes,no,[\"yes\",\"no\",\"yes\"]" },
        { "print condition=dynamic([\"some string value\", datetime(\"01-01-2022\"), null]), "
          "if_true=1, if_false=0 | extend res= array_iff(condition, if_true, if_false)",
          "condition:dynamic if_true:long if_false:long res:dynamic / [\"some string "
          "value\",\"2022-01-01T00:00:00.0000000Z\",null],1,0,[null,null,null]" },
        { "print condition=dynamic([true,true,true]), if_true=dynamic([1,2]), "
          "if_false=dynamic([3,4]) | extend res= array_iff(condition, if_true, if_false)",
          "condition:dynamic if_true:dynamic if_false:dynamic res:dynamic / "
          "[true,true,true],[1,2],[3,4],[1,2,null]" },
        { "let arr=dynamic([\"this\", \"is\", \"an\", \"example\", \"an\", \"example\"]); print "
          "idx1 = array_index_of(arr,\"an\"), idx2 = array_index_of(arr,\"example\",1,3), idx3 = "
          "array_index_of(arr,\"example\",1,2), idx4 = array_index_of(arr,\"is\",2,4), idx5 = "
          "array_index_of(arr,\"example\",2,-1), idx6 = array_index_of(arr, \"an\", 1, -1, 2), "
          "idx7 = array_index_of(arr, \"an\", 1, -1, 3), idx8 = array_index_of(arr, \"is\", -3)",
          "idx1:long idx2:long idx3:long idx4:long idx5:long idx6:long idx7:long idx8:long / "
          "2,3,-1,-1,3,4,-1,-1" },
        { "print arr=dynamic([\"this\", \"is\", \"an\", \"example\"]) | project "
          "Result=array_reverse(arr)",
          "Result:dynamic / [\"example\",\"an\",\"is\",\"this\"]" },
        { "print arr=dynamic([1,2,3,4,5]) | extend arr_rotated=array_rotate_left(arr, 2), "
          "b=array_rotate_left(arr, -2)",
          "arr:dynamic arr_rotated:dynamic b:dynamic / [1,2,3,4,5],[3,4,5,1,2],[4,5,1,2,3]" },
        { "print arr=dynamic([1,2,3,4,5]) | project array_rotate_right(arr, 2), "
          "array_rotate_right(arr, -2)",
          "Column1:dynamic Column2:dynamic / [4,5,1,2,3],[3,4,5,1,2]" },
        { "print arr=dynamic([1,2,3,4,5]) | project array_shift_left(arr, 2), "
          "array_shift_left(arr, -2), array_shift_left(arr, 2, -1)",
          "Column1:dynamic Column2:dynamic Column3:dynamic / "
          "[3,4,5,null,null],[null,null,1,2,3],[3,4,5,-1,-1]" },
        { "print arr=dynamic([1,2,3,4,5]) | project a=array_slice(arr, 1, 2), b=array_slice(arr, "
          "2, -1), c=array_slice(arr, -3, -2)",
          "a:dynamic b:dynamic c:dynamic / [2,3],[3,4,5],[3,4]" },
        { "print arr=dynamic([1,2,3,4,5]) | extend s=array_split(arr, 2), t=array_split(arr, "
          "dynamic([1,3]))",
          "arr:dynamic s:dynamic t:dynamic / [1,2,3,4,5],[[1,2],[3,4,5]],[[1],[2,3],[4,5]]" },
        { "print arr=dynamic([1,2,3,4]) | extend arr_sum=array_sum(arr)",
          "arr:dynamic arr_sum:real / [1,2,3,4],10.0" },
        { "datatable(index:long, d:dynamic) [1, dynamic({'a':'b', 'c':123}), 2, dynamic({'a':'b', "
          "'c':{'d':123}}), 3, dynamic({'a':'b', 'c':[{'d':123}]}), 4, dynamic(null), 5, "
          "dynamic({}), 6, dynamic('a'), 7, dynamic([])] | extend keys = bag_keys(d) | project "
          "index, keys",
          "index:long keys:dynamic / 1,[\"a\",\"c\"] / 2,[\"a\",\"c\"] / 3,[\"a\",\"c\"] / 4,~ / "
          "5,[] / 6,~ / 7,~" },
        { "print result = bag_merge(dynamic({'A1':12, 'B1':2, 'C1':3}), dynamic({'A2':81, 'B2':82, "
          "'A1':1}))",
          "result:dynamic / {\"A1\":12,\"B1\":2,\"C1\":3,\"A2\":81,\"B2\":82}" },
        { "print bag_pack(\"Level\", \"Information\", \"ProcessID\", 1234, \"Data\", "
          "bag_pack(\"url\", \"www.bing.com\"))",
          "print_0:dynamic / "
          "{\"Level\":\"Information\",\"ProcessID\":1234,\"Data\":{\"url\":\"www.bing.com\"}}" },
        { "let Keys = datatable(KeysArray:dynamic)[dynamic(['a','b','c'])]; Keys | extend "
          "Result=bag_zip(KeysArray, dynamic([1, '2', 3.4]))",
          "KeysArray:dynamic Result:dynamic / "
          "[\"a\",\"b\",\"c\"],{\"a\":1,\"b\":\"2\",\"c\":3.4}" },
        { "print r=bag_zip(dynamic(['a','b','c']), dynamic([1, '2']))",
          "r:dynamic / {\"a\":1,\"b\":\"2\",\"c\":null}" },
        { "print r=bag_zip(dynamic(['a','b']), dynamic([1, '2', 3]))",
          "r:dynamic / {\"a\":1,\"b\":\"2\"}" },
        { "print r=bag_zip(dynamic(['a', 8, 'b']), dynamic([1, '2', 3.4]))",
          "r:dynamic / {\"a\":1,\"b\":3.4}" },
        { "datatable(Id: string, Value: string, Other: long)[\"A\", \"val_a\", 1, \"B\", "
          "\"val_b\", 2, \"C\", \"val_c\", 3] | extend Packed = bag_pack_columns(Id, Value)",
          "Id:string Value:string Other:long Packed:dynamic / "
          "A,val_a,1,{\"Id\":\"A\",\"Value\":\"val_a\"} / "
          "B,val_b,2,{\"Id\":\"B\",\"Value\":\"val_b\"} / "
          "C,val_c,3,{\"Id\":\"C\",\"Value\":\"val_c\"}" },
        { "print Quine=base64_decode_tostring(\"S3VzdG8=\")", "Quine:string / Kusto" },
        { "print Empty=base64_decode_tostring(\"U3RyaW5n0KHR0tGA0L7Rh9C60LA=\")",
          "Empty:string / " },
        { "print Quine=base64_decode_toarray(\"S3VzdG8=\")",
          "Quine:dynamic / [75,117,115,116,111]" },
        { "print Quine = base64_encode_fromguid(toguid(\"ae3133f2-6e22-49ae-b06a-16e6a9b212eb\"))",
          "Quine:string / 8jMxriJurkmwahbmqbIS6w==" },
        { "let bytes_array = toscalar(print base64_decode_toarray(\"S3VzdG8=\")); print "
          "decoded_base64_string = base64_encode_fromarray(bytes_array)",
          "decoded_base64_string:string / S3VzdG8=" },
        { "print Quine=base64_encode_tostring(\"Kusto\")", "Quine:string / S3VzdG8=" },
        { "print bin_at(6.5, 2.5, 7), bin_at(1h, 1d, 12h), bin_at(datetime(2017-05-15 10:20:00.0), "
          "1d, datetime(1970-01-01 12:00:00.0)), bin_at(datetime(2017-05-17 10:20:00.0), 7d, "
          "datetime(2017-06-04 00:00:00.0))",
          "print_0:real print_1:timespan print_2:datetime print_3:datetime / "
          "4.5,-12:00:00,2017-05-14T12:00:00.0000000Z,2017-05-14T00:00:00.0000000Z" },
        { "print bin(4.5, 1), bin(-4.5, 1), bin(time(16d), 7d), bin(datetime(1970-05-11 13:45:07), "
          "1d)",
          "print_0:real print_1:real print_2:timespan print_3:datetime / "
          "4.0,-5.0,14.00:00:00,1970-05-11T00:00:00.0000000Z" },
        { "print binary_shift_left(1,2), binary_shift_right(1,2), binary_xor(1,1), binary_or(1,2), "
          "binary_and(3,1), binary_not(100)",
          "print_0:long print_1:long print_2:long print_3:long print_4:long print_5:long / "
          "4,0,0,3,1,-101" },
        { "print ones = bitset_count_ones(42)", "ones:long / 3" },
        { "range Size from 1 to 15 step 2 | extend bucket = case(Size <= 3, \"Small\", Size <= 10, "
          "\"Medium\", \"Large\") | summarize make_list(bucket)",
          "list_bucket:dynamic / "
          "[\"Small\",\"Small\",\"Medium\",\"Medium\",\"Medium\",\"Large\",\"Large\",\"Large\"]" },
        { "print c1 = ceiling(-1.1), c2 = ceiling(0), c3 = ceiling(0.9)",
          "c1:real c2:long c3:real / -1.0,0,1.0" },
        { "print result=coalesce(tolong(\"not a number\"), tolong(\"42\"), 33)",
          "result:long / 42" },
        { "print acos(0), cos(0), cot(1)",
          "print_0:real print_1:real print_2:real / 1.5707963267948966,1.0,0.6420926159343306" },
        { "print countof(\"The cat sat on the mat\", \"at\"), countof(\"The cat sat on the mat\", "
          "@\"\\bat\\b\", \"regex\"), countof(\"abcabc\", \"a.c\", \"regex\"), countof(\"aaa\", "
          "\"a\"), countof(\"aaaa\", \"aa\"), countof(\"ababa\", \"ab\", \"normal\"), "
          "countof(\"ababa\", \"aba\"), countof(\"ababa\", \"aba\", \"regex\"), "
          "countof(\"abcabc\", \"a.c\", \"regex\")",
          "print_0:long print_1:long print_2:long print_3:long print_4:long print_5:long "
          "print_6:long print_7:long print_8:long / 3,0,2,3,3,2,2,1,2" },
        { "print year = datetime_add('year',1,make_datetime(2017,1,1)), quarter = "
          "datetime_add('quarter',1,make_datetime(2017,1,1)), month = "
          "datetime_add('month',1,make_datetime(2017,1,1)), week = "
          "datetime_add('week',1,make_datetime(2017,1,1)), nanosecond = "
          "datetime_add('nanosecond',100,make_datetime(2017,1,1))",
          "year:datetime quarter:datetime month:datetime week:datetime nanosecond:datetime / "
          "2018-01-01T00:00:00.0000000Z,2017-04-01T00:00:00.0000000Z,2017-02-01T00:00:00.0000000Z,"
          "2017-01-08T00:00:00.0000000Z,2017-01-01T00:00:00.0000001Z" },
        { "print year = datetime_diff('year',datetime(2017-01-01),datetime(2000-12-31)), quarter = "
          "datetime_diff('quarter',datetime(2017-07-01),datetime(2017-03-30)), month = "
          "datetime_diff('month',datetime(2017-01-01),datetime(2015-12-30)), week = "
          "datetime_diff('week',datetime(2017-10-29 00:00),datetime(2017-09-30 23:59)), day = "
          "datetime_diff('day',datetime(2017-10-29 00:00),datetime(2017-09-30 23:59)), hour = "
          "datetime_diff('hour',datetime(2017-10-31 01:00),datetime(2017-10-30 23:59)), minute = "
          "datetime_diff('minute',datetime(2017-10-30 23:05:01),datetime(2017-10-30 23:00:59)), "
          "second = datetime_diff('second',datetime(2017-10-30 23:00:10.100),datetime(2017-10-30 "
          "23:00:00.900)), millisecond = datetime_diff('millisecond',datetime(2017-10-30 "
          "23:00:00.200100),datetime(2017-10-30 23:00:00.100900)), microsecond = "
          "datetime_diff('microsecond',datetime(2017-10-30 23:00:00.1009001),datetime(2017-10-30 "
          "23:00:00.1008009)), nanosecond = datetime_diff('nanosecond',datetime(2017-10-30 "
          "23:00:00.0000000),datetime(2017-10-30 23:00:00.0000007))",
          "year:long quarter:long month:long week:long day:long hour:long minute:long second:long "
          "millisecond:long microsecond:long nanosecond:long / 17,2,13,5,29,2,5,10,100,100,-700" },
        { "let dt = datetime(2017-10-30 01:02:03.7654321); print year = datetime_part(\"year\", "
          "dt), quarter = datetime_part(\"quarter\", dt), month = datetime_part(\"month\", dt), "
          "weekOfYear = datetime_part(\"week_of_year\", dt), day = datetime_part(\"day\", dt), "
          "dayOfYear = datetime_part(\"dayOfYear\", dt), hour = datetime_part(\"hour\", dt), "
          "minute = datetime_part(\"minute\", dt), second = datetime_part(\"second\", dt), "
          "millisecond = datetime_part(\"millisecond\", dt), microsecond = "
          "datetime_part(\"microsecond\", dt), nanosecond = datetime_part(\"nanosecond\", dt)",
          "year:int quarter:int month:int weekOfYear:int day:int dayOfYear:int hour:int minute:int "
          "second:int millisecond:int microsecond:int nanosecond:int / "
          "2017,4,10,44,30,303,1,2,3,765,765432,765432100" },
        { "print dayofmonth(datetime(2015-12-14)), dayofweek(datetime(1947-11-30 10:00:05)), "
          "dayofweek(datetime(1970-05-11)), dayofyear(datetime(2015-12-14)), "
          "hourofday(datetime(2015-12-14 18:54)), monthofyear(datetime(\"2015-12-14\"))",
          "print_0:int print_1:timespan print_2:timespan print_3:int print_4:int print_5:int / "
          "14,00:00:00,1.00:00:00,348,18,12" },
        { "range offset from -1 to 1 step 1 | project dayEnd = endofday(datetime(2017-01-01 "
          "10:10:17), offset), monthEnd = endofmonth(datetime(2017-01-01 10:10:17), offset), "
          "weekEnd = endofweek(datetime(2017-01-01 10:10:17), offset), yearEnd = "
          "endofyear(datetime(2017-01-01 10:10:17), offset)",
          "dayEnd:datetime monthEnd:datetime weekEnd:datetime yearEnd:datetime / "
          "2016-12-31T23:59:59.9999999Z,2016-12-31T23:59:59.9999999Z,2016-12-31T23:59:59.9999999Z,"
          "2016-12-31T23:59:59.9999999Z / "
          "2017-01-01T23:59:59.9999999Z,2017-01-31T23:59:59.9999999Z,2017-01-07T23:59:59.9999999Z,"
          "2017-12-31T23:59:59.9999999Z / "
          "2017-01-02T23:59:59.9999999Z,2017-02-28T23:59:59.9999999Z,2017-01-14T23:59:59.9999999Z,"
          "2018-12-31T23:59:59.9999999Z" },
        { "range x from -3 to 3 step 1 | extend erf_x = erf(x) | summarize make_list(erf_x)",
          "list_erf_x:dynamic / "
          "[-0.9999779095030014,-0.9953222650189527,-0.8427007929497149,0.0,0.8427007929497149,0."
          "9953222650189527,0.9999779095030014]" },
        { "print exp(0), exp2(3), exp10(2), log(1), log2(8), log10(1000), loggamma(5), gamma(5), "
          "sqrt(256), pow(2,3), pi(), sign(-5), degrees(pi()/4), radians(90)",
          "print_0:real print_1:real print_2:real print_3:real print_4:real print_5:real "
          "print_6:real print_7:real print_8:real print_9:real print_10:real print_11:real "
          "print_12:real print_13:real / "
          "1.0,8.0,100.0,0.0,3.0,3.0,3.1780538303479458,24.0,16.0,8.0,3.141592653589793,-1.0,45.0,"
          "1.5707963267948966" },
        { "let Dates = datatable(DateString: string)[\"15-12-2024\", \"21-07-2023\", "
          "\"10-03-2022\"]; Dates | extend Month = extract(@\"-(\\d{2})-\", 1, DateString, "
          "typeof(int)) | project Month",
          "Month:int / 12 / 7 / 3" },
        { "let json_data = '{\"Name\": \"John\", \"Age\": 30, \"Salary\": 50000}'; print Age = "
          "extractjson('$.Age', json_data, typeof(int)), extract_json(\"$.Name\", json_data)",
          "Age:int print_1:string / 30,John" },
        { "print v1 = format_bytes(564), v2 = format_bytes(10332, 1), v3 = format_bytes(20010332), "
          "v4 = format_bytes(20010332, 2), v5 = format_bytes(20010332, 0, \"KB\")",
          "v1:string v2:string v3:string v4:string v5:string / 564 Bytes,10.1 KB,19 MB,19.08 "
          "MB,19541 KB" },
        { "let dt = datetime(2017-01-29 09:00:05); print v1=format_datetime(dt,'yy-MM-dd "
          "[HH:mm:ss]'), v2=format_datetime(dt, 'yyyy-M-dd [H:mm:ss]'), v3=format_datetime(dt, "
          "'yy-MM-dd [hh:mm:ss tt]')",
          "v1:string v2:string v3:string / 17-01-29 [09:00:05],2017-1-29 [9:00:05],17-01-29 "
          "[09:00:05 AM]" },
        { "let t = time(29.09:00:05.12345); print v1=format_timespan(t, 'dd.hh:mm:ss:FF'), "
          "v2=format_timespan(t, 'ddd.h:mm:ss [fffffff]')",
          "v1:string v2:string / 29.09:00:05:12,029.9:00:05 [1234500]" },
        { "print gettype(\"a\"), gettype(111), gettype(1==1), gettype(now()), gettype(1s), "
          "gettype(parse_json('1')), gettype(parse_json(' \"abc\" ')), gettype(parse_json(' "
          "{\"abc\":1} ')), gettype(parse_json(' [1, 2, 3] ')), gettype(123.45), "
          "gettype(guid(12e8b78d-55b4-46ae-b068-26d7a0080254)), gettype(parse_json(''))",
          "print_0:string print_1:string print_2:string print_3:string print_4:string "
          "print_5:string print_6:string print_7:string print_8:string print_9:string "
          "print_10:string print_11:string / "
          "string,long,bool,datetime,timespan,long,string,dictionary,array,real,guid,null" },
        { "print getyear(datetime(2015-10-12)), getmonth(datetime(2015-10-12)), "
          "week_of_year(datetime(2020-12-31)), week_of_year(datetime(2020-06-15)), "
          "week_of_year(datetime(1970-01-01)), week_of_year(datetime(2000-01-01))",
          "print_0:int print_1:int print_2:int print_3:int print_4:int print_5:int / "
          "2015,10,53,25,1,52" },
        { "print idx1 = has_any_index(\"this is an example\", dynamic(['this', 'example'])), idx2 "
          "= has_any_index(\"this is an example\", dynamic(['not', 'example'])), idx3 = "
          "has_any_index(\"this is an example\", dynamic(['not', 'found'])), idx4 = "
          "has_any_index(\"Example number 2\", range(1, 3, 1)), idx5 = has_any_index(\"this is an "
          "example\", dynamic([]))",
          "idx1:long idx2:long idx3:long idx4:long idx5:long / 0,1,-1,1,-1" },
        { "print hash_sha256(\"World\"), hash_sha1(\"World\"), hash_md5(\"World\"), "
          "hash_xxhash64(\"World\"), hash_xxhash64(\"World\",100)",
          "print_0:string print_1:string print_2:string print_3:long print_4:long / "
          "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524,"
          "70c07ec18ef89c5309bbb0937f3a6342411e1fdd,f5a7924e621e84c9280a9a27e1bcb7f6,"
          "1846988464401551951,51" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__functions__i_to_z__as_published(void **state)
{
    static const query_case cases[] = {
        { "print idx1 = indexof(\"abcdefg\",\"cde\"), idx2 = indexof(\"abcdefg\",\"cde\",0,3), "
          "idx3 = indexof(\"abcdefg\",\"cde\",1,2), idx4 = indexof(\"abcdefg\",\"cde\",3,4), idx5 "
          "= indexof(\"abcdefg\",\"cde\",-5), idx6 = indexof(1234567,5,1,4), idx7 = "
          "indexof(\"abcdefg\",\"cde\",2,-1), idx8 = indexof(\"abcdefgabcdefg\", \"cde\", 1, 10, "
          "2), idx9 = indexof(\"abcdefgabcdefg\", \"cde\", 1, -1, 3), idx10 = "
          "indexof(\"abcdefg\",\"cde\",-4)",
          "idx1:long idx2:long idx3:long idx4:long idx5:long idx6:long idx7:long idx8:long "
          "idx9:long idx10:long / 2,-1,-1,-1,2,4,2,9,-1,-1" },
        { "print idx1 = indexof_regex(\"abcabc\", @\"a.c\"), idx2 = indexof_regex(\"abcabcdefg\", "
          "@\"a.c\", 0, 9, 2), idx3 = indexof_regex(\"abcabc\", @\"a.c\", 1, -1, 2), idx4 = "
          "indexof_regex(\"ababaa\", @\"a.a\", 0, -1, 2), idx5 = indexof_regex(\"abcabc\", "
          "@\"a|ab\", -1)",
          "idx1:long idx2:long idx3:long idx4:long idx5:long / 0,3,-1,-1,-1" },
        { "datatable(ip1_string:string, "
          "ip2_string:string)['192.168.1.0','192.168.1.0','192.168.1.1/"
          "24','192.168.1.255','192.168.1.1','192.168.1.255/24','192.168.1.1/24','192.168.1.255/"
          "24'] | extend result = ipv4_compare(ip1_string, ip2_string) | project result",
          "result:long / 0 / 0 / 0 / 0" },
        { "print ipv4_is_private('192.168.1.1/24'), ipv4_is_private('10.1.2.3/24'), "
          "ipv4_is_private('202.1.2.3'), ipv4_is_private(\"127.0.0.1\")",
          "print_0:bool print_1:bool print_2:bool print_3:bool / True,True,False,False" },
        { "datatable(address:string, mask:long)['192.168.1.1', 24, '192.168.1.1', 32, "
          "'192.168.1.1/24', 32, '192.168.1.1/24', -1] | extend result = format_ipv4(address, "
          "mask), result_mask = format_ipv4_mask(address, mask) | project result, result_mask",
          "result:string result_mask:string / 192.168.1.0,192.168.1.0/24 / "
          "192.168.1.1,192.168.1.1/32 / 192.168.1.0,192.168.1.0/24 / ," },
        { "print start_IP=\"1.1.128.0\", end_IP=\"1.1.140.255\" | project ipv4_list = "
          "ipv4_range_to_cidr_list(start_IP, end_IP)",
          "ipv4_list:dynamic / [\"1.1.128.0/21\",\"1.1.136.0/22\",\"1.1.140.0/24\"]" },
        { "print set1=dynamic([1,2,3]), set2=dynamic([1,2,3,4]) | extend "
          "jaccard=jaccard_index(set1, set2) | project jaccard",
          "jaccard:real / 0.75" },
        { "print year_month_day = make_datetime(2017,10,01), b=make_datetime(2017,10,01,12,10), "
          "c=make_datetime(2017,10,01,12,11,0.1234567)",
          "year_month_day:datetime b:datetime c:datetime / "
          "2017-10-01T00:00:00.0000000Z,2017-10-01T12:10:00.0000000Z,2017-10-01T12:11:00."
          "1234567Z" },
        { "print str = make_string(75, 117, 115, 116, 111), s2 = make_string(dynamic([75, 117, "
          "115, 116, 111])), s3 = make_string(dynamic([75, 117, 115]), dynamic([116, 111])), s4 = "
          "make_string(75, 10, 117, 10, 115)",
          "str:string s2:string s3:string s4:string / Kusto,Kusto,Kusto,K\nu\ns" },
        { "print ['timespan'] = make_timespan(1,12,30,55.123)",
          "timespan:timespan / 1.12:30:55.1230000" },
        { "print max_of(10, 1, -3, 17), min_of(10, 1, -3, 17)",
          "print_0:long print_1:long / 17,-3" },
        { "let dataT = datatable (data:string, tags:string, "
          "c:int)[\"foo\",\"a\",1,\"bar\",\"b\",2,\"baz\",\"c\",3]; dataT | serialize | extend "
          "n=next(data), p=prev(data,1,\"none\")",
          "data:string tags:string c:int n:string p:string / foo,a,1,bar,none / bar,b,2,baz,foo / "
          "baz,c,3,,bar" },
        { "print not(false) == true", "print_0:bool / True" },
        { "print parse_command_line(\"echo \\\"hello world!\\\" print$?\", \"windows\")",
          "print_0:dynamic / [\"echo\",\"hello world!\",\"print$?\"]" },
        { "print result=parse_csv('aa,b,cc'), r2=parse_csv('aa,\"b,b,b\",cc,\"Escaping quotes: "
          "\"\"Title\"\"\",\"line1\\nline2\"'), r3=parse_csv('record1,a,b,c\\nrecord2,x,y,z')",
          "result:dynamic r2:dynamic r3:dynamic / "
          "[\"aa\",\"b\",\"cc\"],[\"aa\",\"b,b,b\",\"cc\",\"Escaping quotes: "
          "\\\"Title\\\"\",\"line1\\nline2\"],[\"record1\",\"a\",\"b\",\"c\"]" },
        { "print parse_ipv4('192.168.1.1'), parse_ipv4_mask(\"127.0.0.1\", 24), "
          "parse_ipv4('192.168.255.255/31')",
          "print_0:long print_1:long print_2:long / 3232235777,2130706432,3232301054" },
        { "print parse_ipv6('192.168.255.255'), parse_ipv6_mask(\"127.0.0.1\", 24), "
          "parse_ipv6_mask(\"fe80::85d:e82c:9446:7994\", 120), "
          "parse_ipv6_mask(\"192.168.255.255\", 120)",
          "print_0:string print_1:string print_2:string print_3:string / "
          "0000:0000:0000:0000:0000:ffff:c0a8:ffff,0000:0000:0000:0000:0000:0000:0000:0000,fe80:"
          "0000:0000:0000:085d:e82c:9446:7900,0000:0000:0000:0000:0000:ffff:c0a8:ff00" },
        { "datatable(p:string)[@\"C:\\\\temp\\\\file.txt\", \"file.txt\", "
          "@\"\\\\\\\\shared\\\\users\\\\temp\\\\file.txt.gz\", \"/usr/lib/file.txt\", "
          "@\"C:\\\\temp\\\\file.txt:some.exe\"] | extend path_parts = parse_path(p) | project "
          "path_parts",
          "path_parts:dynamic / "
          "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\\\\\temp\\\\\","
          "\"DirectoryName\":\"\",\"Filename\":\"file.txt\",\"Extension\":\"txt\","
          "\"AlternateDataStreamName\":\"\"} / "
          "{\"Scheme\":\"\",\"RootPath\":\"\",\"DirectoryPath\":\"\",\"DirectoryName\":\"\","
          "\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"\"} / "
          "{\"Scheme\":\"\",\"RootPath\":\"\\\\\\\\\",\"DirectoryPath\":"
          "\"\\\\\\\\\\\\\\\\shared\\\\\\\\users\\\\\\\\temp\\\\\",\"DirectoryName\":\"\","
          "\"Filename\":\"file.txt.gz\",\"Extension\":\"gz\",\"AlternateDataStreamName\":\"\"} / "
          "{\"Scheme\":\"\",\"RootPath\":\"\",\"DirectoryPath\":\"/usr/"
          "lib\",\"DirectoryName\":\"lib\",\"Filename\":\"file.txt\",\"Extension\":\"txt\","
          "\"AlternateDataStreamName\":\"\"} / "
          "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\\\\\temp\\\\\","
          "\"DirectoryName\":\"\",\"Filename\":\"file.txt\",\"Extension\":\"txt\","
          "\"AlternateDataStreamName\":\"some.exe\"}" },
        { "print "
          "Result=parse_url(\"scheme://username:password@host:1234/this/is/a/"
          "path?k1=v1&k2=v2#fragment\")",
          "Result:dynamic / "
          "{\"Scheme\":\"scheme\",\"Host\":\"host\",\"Port\":\"1234\",\"Path\":\"/this/is/a/"
          "path\",\"Username\":\"username\",\"Password\":\"password\",\"Fragment\":\"fragment\","
          "\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"v2\"}}" },
        { "print Result=parse_urlquery(\"k1=v1&k2=v2&k3=v3\")",
          "Result:dynamic / {\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"v2\",\"k3\":\"v3\"}}" },
        { "print ParsedXML = parse_xml('<a><b>1</b><c x=\"y\">z</c></a>')",
          "ParsedXML:dynamic / {\"a\":{\"b\":\"1\",\"c\":{\"@x\":\"y\",\"#text\":\"z\"}}}" },
        { "print result = pow(2, 3)", "result:real / 8.0" },
        { "print r = range(1, 8, 3), d=range(datetime(2021-01-01), datetime(2021-01-03), 1d)",
          "r:dynamic d:dynamic / "
          "[1,4,7],[\"2021-01-01T00:00:00.0000000Z\",\"2021-01-02T00:00:00.0000000Z\",\"2021-01-"
          "03T00:00:00.0000000Z\"]" },
        { "print result = regex_quote('(so$me.Te^xt)')",
          "result:string / \\(so\\$me\\.Te\\^xt\\)" },
        { "print r=repeat(1, 3), b=repeat(\"asd\",2), c=repeat(timespan(1d), 3)",
          "r:dynamic b:dynamic c:dynamic / "
          "[1,1,1],[\"asd\",\"asd\"],[\"1.00:00:00\",\"1.00:00:00\",\"1.00:00:00\"]" },
        { "range x from 1 to 5 step 1 | extend str=strcat('Number is ', tostring(x)) | extend "
          "replaced=replace_regex(str, @'is (\\d+)', @'was: \\1') | project replaced",
          "replaced:string / Number was: 1 / Number was: 2 / Number was: 3 / Number was: 4 / "
          "Number was: 5" },
        { "print replace_string(\"Number is 1\", \"is\", \"was\")",
          "print_0:string / Number was 1" },
        { "print str = reverse(\"ABCDEFG\"), num=reverse(12345), dec=reverse(123.45), "
          "dt=reverse(datetime(2017-10-15 12:00)), ts=reverse(3h)",
          "str:string num:string dec:string dt:string ts:string / "
          "GFEDCBA,54321,54.321,Z0000000.00:00:21T51-01-7102,00:00:30" },
        { "print round(2.98765, 3), round(2.15, 1), round(2.15), round(-50.55, -2), round(21.5, "
          "-1)",
          "print_0:real print_1:real print_2:real print_3:real print_4:real / "
          "2.988,2.2,2.0,-100.0,20.0" },
        { "datatable (a:long) [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] | where a%2==0 | serialize "
          "cs=row_cumsum(a)",
          "a:long cs:long / 2,2 / 4,6 / 6,12 / 8,20 / 10,30" },
        { "datatable (Airport:string, Airline:string, "
          "Departures:long)[\"TLV\",\"LH\",1,\"TLV\",\"LY\",100,\"SEA\",\"LH\",1,\"SEA\",\"BA\",2,"
          "\"SEA\",\"LY\",0] | sort by Airport asc, Departures desc | extend "
          "Rank=row_rank_dense(Departures, prev(Airport) != Airport), R2=row_rank_min(Departures, "
          "prev(Airport) != Airport) | project Airport,Airline,Departures,Rank,R2",
          "Airport:string Airline:string Departures:long Rank:long R2:long / SEA,BA,2,1,1 / "
          "SEA,LH,1,2,2 / SEA,LY,0,3,3 / TLV,LY,100,1,1 / TLV,LH,1,2,2" },
        { "print x = 1,y = 2, z = 3 | extend s1 = pack_array(x,y,z), s2 = pack_array(2,4,6) | "
          "project series_add(s1,s2), series_subtract(s1,s2), series_multiply(s1,s2), "
          "series_divide(s1,s2)",
          "Column1:dynamic Column2:dynamic Column3:dynamic Column4:dynamic / "
          "[3,6,9],[-1,-2,-3],[2,8,18],[0.5,0.5,0.5]" },
        { "print s1 = dynamic([1,2,4]), s2 = dynamic([4,2,1]) | extend series_equals(s1, s2), "
          "series_less(s1,s2), series_greater_equals(s1,s2)",
          "s1:dynamic s2:dynamic Column1:dynamic Column2:dynamic Column3:dynamic / "
          "[1,2,4],[4,2,1],[false,true,false],[true,false,false],[false,true,true]" },
        { "let data = datatable(arr: dynamic)[dynamic([111, null, 36, 41, null, null, 16, 61, 33, "
          "null, null])]; data | project series_fill_backward(arr), series_fill_forward(arr), "
          "series_fill_const(arr, 0.0), series_fill_linear(arr)",
          "arr:dynamic arr1:dynamic arr2:dynamic arr3:dynamic / "
          "[111,36,36,41,16,16,16,61,33,null,null],[111,111,36,41,41,41,16,61,33,33,33],[111,0.0,"
          "36,41,0.0,0.0,16,61,33,0.0,0.0],[111,73,36,41,32,24,16,61,33,33,33]" },
        { "print x=dynamic([23, 46, 23, 87, 4, 8, 3, 75, 2, 56, 13, 75, 32, 16, 29]) | project "
          "series_stats(x)",
          "series_stats_x_min:real series_stats_x_min_idx:long series_stats_x_max:real "
          "series_stats_x_max_idx:long series_stats_x_avg:real series_stats_x_stdev:real "
          "series_stats_x_variance:real / "
          "2.0,8,87.0,3,32.800000000000004,28.50363385354827,812.4571428571429" },
        { "range x from 1 to 3 step 1 | extend y = x * 2 | extend z = y * 2 | project s1 = "
          "pack_array(x,y,z), s2 = pack_array(z, y, x) | extend series_dot_product(s1,s2) | "
          "project series_dot_product_s1_s2=series_dot_product(s1,s2)",
          "series_dot_product_s1_s2:real / 12.0 / 48.0 / 108.0" },
        { "print arr=dynamic([1,2,3,4]) | extend series_sum=series_sum(arr), "
          "p=series_product(arr), m=series_magnitude(arr)",
          "arr:dynamic series_sum:real p:real m:real / [1,2,3,4],10.0,24.0,5.477225575051661" },
        { "range s1 from 1 to 5 step 1 | extend s2 = 2 * s1 | summarize s1 = make_list(s1), s2 = "
          "make_list(s2) | extend correlation_coefficient = series_pearson_correlation(s1, s2)",
          "s1:dynamic s2:dynamic correlation_coefficient:real / [1,2,3,4,5],[2,4,6,8,10],1.0" },
        { "print s=set_difference(dynamic([1,2,3]), dynamic([2]), dynamic([3])), "
          "i=set_intersect(dynamic([1,2,3]),dynamic([2,3]),dynamic([3])), "
          "u=set_union(dynamic([1,2]),dynamic([2,4])), "
          "h=set_has_element(dynamic([\"this\",\"is\"]),\"is\"), "
          "se=set_equals(dynamic([1,2]),dynamic([2,1]))",
          "s:dynamic i:dynamic u:dynamic h:bool se:bool / [1],[3],[1,2,4],True,True" },
        { "print split(\"aa_bb\", \"_\"), split(\"aaa_bbb_ccc\", \"_\", 1), split(\"\", \"_\"), "
          "split(\"a__b\", \"_\"), split(\"aabbcc\", \"bb\")",
          "print_0:dynamic print_1:dynamic print_2:dynamic print_3:dynamic print_4:dynamic / "
          "[\"aa\",\"bb\"],[\"bbb\"],[\"\"],[\"a\",\"\",\"b\"],[\"aa\",\"cc\"]" },
        { "print st = strcat_delim('-', 1, '2', 'A', 1s)", "st:string / 1-2-A-00:00:01" },
        { "print str = strcat_array(dynamic([1, 2, 3]), \"->\")", "str:string / 1->2->3" },
        { "datatable(string1:string, string2:string) "
          "[\"ABC\",\"ABC\",\"abc\",\"ABC\",\"ABC\",\"abc\",\"abcde\",\"abc\"] | extend result = "
          "strcmp(string1,string2) | project result",
          "result:long / 0 / 1 / -1 / 1" },
        { "print from_string = strrep('ABC', 2), from_int = strrep(123,3,'.'), from_time = "
          "strrep(3s,2,' ')",
          "from_string:string from_int:string from_time:string / ABCABC,123.123.123,00:00:03 "
          "00:00:03" },
        { "print substring(\"123456\", 1), substring(\"123456\", 2, 2), substring(\"ABCD\", 0, 2), "
          "substring(\"123456\", -2, 2)",
          "print_0:string print_1:string print_2:string print_3:string / 23456,34,AB,56" },
        { "print tobool(\"true\") == true, tobool(\"false\") == false, tobool(1) == true, "
          "tobool(123) == true, todecimal(\"123.45678\"), todouble(\"123.4\"), toint(\"123\"), "
          "tolong(\"123\"), totimespan(\"0.00:01:00\"), todatetime(\"2015-12-24\")",
          "print_0:bool print_1:bool print_2:bool print_3:bool print_4:real print_5:real "
          "print_6:int print_7:long print_8:timespan print_9:datetime / "
          "True,True,True,True,123.45678,123.4,123,123,00:01:00,2015-12-24T00:00:00.0000000Z" },
        { "print tohex(256)", "print_0:string / 100" },
        { "print translate(\"krasp\", \"otsku\", \"spark\"), translate(\"abc\", \"\", \"ab\"), "
          "translate(\"abc\", \"x\", \"abc\")",
          "print_0:string print_1:string print_2:string / kusto,,xxx" },
        { "let string_to_trim = @\"--https://bing.com--\"; let substring = \"--\"; print "
          "string_to_trim = string_to_trim,trimmed_string = trim(substring,string_to_trim), "
          "trim_start(@\"[^\\w]+\", \"-  Te st1// $\"), trim_end(\".com\", \"bing.com\"), "
          "trim(@\"[^\\w]+\", \"-  Te st2// $\")",
          "string_to_trim:string trimmed_string:string print_2:string print_3:string "
          "print_4:string / --https://bing.com--,https://bing.com,Te st1// $,bing,Te st2" },
        { "print arr = "
          "unicode_codepoints_from_string("
          "\"\xe2\x92\xa6\xe2\x92\xb0\xe2\x92\xae\xe2\x92\xaf\xe2\x92\xaa\"), "
          "unicode_codepoints_to_string(dynamic([9382, 9392]))",
          "arr:dynamic print_1:string / [9382,9392,9390,9391,9386],\xe2\x92\xa6\xe2\x92\xb0" },
        { "print date_time = unixtime_seconds_todatetime(1546300800), "
          "b=unixtime_milliseconds_todatetime(1546300800000), "
          "c=unixtime_microseconds_todatetime(1546300800000000), "
          "d=unixtime_nanoseconds_todatetime(1546300800000000000)",
          "date_time:datetime b:datetime c:datetime d:datetime / "
          "2019-01-01T00:00:00.0000000Z,2019-01-01T00:00:00.0000000Z,2019-01-01T00:00:00.0000000Z,"
          "2019-01-01T00:00:00.0000000Z" },
        { "let url = @'https://www.bing.com/hello world'; print original = url, encoded = "
          "url_encode(url), c=url_encode_component(url), "
          "d=url_decode(@'https%3a%2f%2fwww.bing.com%2f')",
          "original:string encoded:string c:string d:string / https://www.bing.com/hello "
          "world,https%3a%2f%2fwww.bing.com%2fhello+world,https%3a%2f%2fwww.bing.com%2fhello%"
          "20world,https://www.bing.com/" },
        { "datatable(a:int, b:string) [1,\"one\",2,\"two\",3,\"three\"] | summarize a = "
          "make_list(a), b = make_list(b) | project zip(a, b)",
          "Column1:dynamic / [[1,\"one\"],[2,\"two\"],[3,\"three\"]]" },
        { "print zip(dynamic([1,3,5]), dynamic([2,4,6])), zip(dynamic([\"A\"]), dynamic([1,2]))",
          "print_0:dynamic print_1:dynamic / [[1,2],[3,4],[5,6]],[[\"A\",1],[null,2]]" },
        { "print datetime(\"01-01-2022\"), datetime(2022-01-01), d=dynamic([\"x\", "
          "datetime(2022-01-01), null])",
          "print_0:datetime print_1:datetime d:dynamic / "
          "2022-01-01T00:00:00.0000000Z,2022-01-01T00:00:00.0000000Z,[\"x\",\"2022-01-01T00:00:00."
          "0000000Z\",null]" },
        { "print treepath(parse_json('{\"a\":\"b\", \"c\":123}')), "
          "treepath(dynamic({\"prop1\":[1,2,3,4], \"prop2\":\"value2\"})), "
          "treepath(dynamic({\"listProperty\":[100,200,300,\"abcde\",{\"x\":\"y\"}]}))",
          "print_0:dynamic print_1:dynamic print_2:dynamic / "
          "[\"['a']\",\"['c']\"],[\"['prop1']\",\"['prop1'][0]\",\"['prop2']\"],[\"['listProperty']"
          "\",\"['listProperty'][0]\",\"['listProperty'][0]['x']\"]" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__operators_and_aggregates__as_published(void **state)
{
    static const query_case cases[] = {
        { "let t1 = datatable(key:long, value:string)[1, \"val1.1\", 1, \"val1.2\"]; let t2 = "
          "datatable(key:long, value:string)[1, \"val1.3\", 1, \"val1.4\"]; t1 | join kind = "
          "innerunique t2 on key",
          "key:long value:string key1:long value1:string / 1,val1.1,1,val1.3 / 1,val1.1,1,val1.4" },
        { "let X = datatable(Key:string, Value1:long)['a',1,'b',2,'b',3,'k',5,'c',4]; let Y = "
          "datatable(Key:string, Value2:long)['b',10,'c',20,'c',30,'d',40,'k',50]; X | join "
          "kind=inner Y on Key",
          "Key:string Value1:long Key1:string Value2:long / b,2,b,10 / b,3,b,10 / k,5,k,50 / "
          "c,4,c,20 / c,4,c,30" },
        { "let X = datatable(Key:string, Value1:long)['a',1,'b',2,'b',3,'c',4]; let Y = "
          "datatable(Key:string, Value2:long)['b',10,'c',20,'c',30,'d',40]; X | join "
          "kind=leftouter Y on Key",
          "Key:string Value1:long Key1:string Value2:long / a,1,,~ / b,2,b,10 / b,3,b,10 / "
          "c,4,c,20 / c,4,c,30" },
        { "let X = datatable(Key:string, Value1:long)['a',1,'b',2,'b',3,'c',4]; let Y = "
          "datatable(Key:string, Value2:long)['b',10,'c',20,'c',30,'d',40]; X | join "
          "kind=fullouter Y on Key",
          "Key:string Value1:long Key1:string Value2:long / a,1,,~ / b,2,b,10 / b,3,b,10 / "
          "c,4,c,20 / c,4,c,30 / ,~,d,40" },
        { "let X = datatable(Key:string, Value1:long)['a',1,'b',2,'b',3,'c',4]; let Y = "
          "datatable(Key:string, Value2:long)['b',10,'c',20,'c',30,'d',40]; X | join "
          "kind=rightanti Y on Key",
          "Key:string Value2:long / d,40" },
        { "let X = datatable(Key:string, Value1:long)['a',1,'b',2,'b',3,'c',4]; let Y = "
          "datatable(Key:string, Value2:long)['b',10,'c',20,'c',30,'d',40]; X | join kind=leftsemi "
          "Y on Key",
          "Key:string Value1:long / b,2 / b,3 / c,4" },
        { "let X = datatable(A:long)[1,2]; let Y=datatable(B:long)[3,4]; X | extend dummy=1 | join "
          "kind=inner (Y | extend dummy=1) on dummy",
          "A:long dummy:long B:long dummy1:long / 1,1,3,1 / 1,1,4,1 / 2,1,3,1 / 2,1,4,1" },
        { "let FactTable=datatable(Row:string,Personal:string,Family:string) "
          "[\"1\",\"Rowan\",\"Murphy\",\"2\",\"Ellis\",\"Turner\"]; let "
          "DimTable=datatable(Personal:string,Family:string,Alias:string) "
          "[\"Rowan\",\"Murphy\",\"rowanm\"]; FactTable | lookup kind=leftouter DimTable on "
          "Personal, Family",
          "Row:string Personal:string Family:string Alias:string / 1,Rowan,Murphy,rowanm / "
          "2,Ellis,Turner," },
        { "let _data = range x from 1 to 8 step 1 | summarize l=make_list(x) by xMod2 = x % 2; "
          "_data | mv-apply element=l to typeof(long) on (top 1 by element)",
          "xMod2:long l:dynamic element:long / 1,[1,3,5,7],7 / 0,[2,4,6,8],8" },
        { "let _data = range x from 1 to 8 step 1 | summarize l=make_list(x) by xMod2 = x % 2; "
          "_data | mv-apply l to typeof(long) on (top 2 by l | summarize SumOfTop2=sum(l))",
          "xMod2:long SumOfTop2:long / 1,12 / 0,14" },
        { "let _data = range x from 1 to 10 step 1 | summarize l=make_list(x) by xMod2 = x % 2; "
          "_data | mv-apply with_itemindex=index element=l to typeof(long) on (where element % 2 "
          "== 0 or index > 3 | project index, element)",
          "xMod2:long l:dynamic index:long element:long / 1,[1,3,5,7,9],4,9 / 0,[2,4,6,8,10],0,2 / "
          "0,[2,4,6,8,10],1,4 / 0,[2,4,6,8,10],2,6 / 0,[2,4,6,8,10],3,8 / 0,[2,4,6,8,10],4,10" },
        { "datatable (Val: int, Arr1: dynamic, Arr2: dynamic)[1, dynamic(['A1','A2','A3']), "
          "dynamic([10,30,7]), 7, dynamic(['B1','B2','B5']), dynamic([15,11,50]), 3, "
          "dynamic(['C1','C2','C3','C4']), dynamic([6,40,20,8])] | mv-apply NewArr1=Arr1, "
          "NewArr2=Arr2 to typeof(long) on (top 1 by NewArr2 | summarize "
          "NewArr1=take_any(NewArr1), NewArr2=take_any(NewArr2))",
          "Val:int Arr1:dynamic Arr2:dynamic NewArr1:dynamic NewArr2:long / "
          "1,[\"A1\",\"A2\",\"A3\"],[10,30,7],A2,30 / 7,[\"B1\",\"B2\",\"B5\"],[15,11,50],B5,50 / "
          "3,[\"C1\",\"C2\",\"C3\",\"C4\"],[6,40,20,8],C2,40" },
        { "datatable(SourceNumber:string, TargetNumber:string, "
          "CharsCount:long)[\"555-555-1234\",\"555-555-1212\",46,\"555-555-1234\",\"555-555-1213\","
          "50] | summarize values = make_list(pack_dictionary(\"a\",CharsCount)) by SourceNumber | "
          "mv-apply v=values on (summarize s=sum(tolong(v.a)))",
          "SourceNumber:string values:dynamic s:long / 555-555-1234,[{\"a\":46},{\"a\":50}],96" },
        { "let Traces = datatable(EventText:string)[\"Event: NotifySliceRelease (resourceName=P, "
          "totalSlices=invalid_number, sliceNumber=23)\",\"Event: NotifySliceRelease "
          "(resourceName=P, totalSlices=27, sliceNumber=15)\"]; Traces | parse-where EventText "
          "with * \"resourceName=\" resourceName \", totalSlices=\" totalSlices:long * "
          "\"sliceNumber=\" sliceNumber:long * | project resourceName,totalSlices,sliceNumber",
          "resourceName:string totalSlices:long sliceNumber:long / P,27,15" },
        { "let Traces = datatable(EventText:string)[\"Event: NotifySliceRelease (resourceName=P, "
          "totalSlices=NULL, sliceNumber=23, lockTime=x)\"]; Traces | parse kind=relaxed EventText "
          "with * \"resourceName=\" resourceName \", totalSlices=\" totalSlices:long * "
          "\"sliceNumber=\" sliceNumber:long \",\" * | project "
          "resourceName,totalSlices,sliceNumber",
          "resourceName:string totalSlices:long sliceNumber:long / P,~,23" },
        { "datatable(State:string, EventType:string, "
          "DamageProperty:long)[\"A\",\"x\",5,\"A\",\"y\",9,\"B\",\"z\",3,\"B\",\"w\",7] | "
          "partition by State (top 1 by DamageProperty)",
          "State:string EventType:string DamageProperty:long / A,y,9 / B,w,7" },
        { "datatable(State:string, D:long)[\"A\",5,\"A\",9,\"B\",3] | partition "
          "hint.strategy=native by State (summarize TotalD=sum(D))",
          "TotalD:long / 14 / 3" },
        { "range x from 1 to 100 step 1 | summarize percentiles(x, 5, 50, 95), percentile(x, 99.9)",
          "percentile_x_5:long percentile_x_50:long percentile_x_95:long percentile_x_99_9:long / "
          "5,50,95,100" },
        { "range x from 1 to 100 step 1 | summarize percentiles(x, 7, 28, 100)",
          "percentile_x_7:long percentile_x_28:long percentile_x_100:long / 7,28,100" },
        { "range x from 0 to 50 step 5 | summarize percentiles_array(x, 5, 10, 15), "
          "percentiles_array(x, dynamic([30,50]))",
          "percentiles_x:dynamic percentiles_x1:dynamic / [0,5,5],[15,25]" },
        { "let latencyTable = datatable (ReqCount:long, LatencyBucket:long)[8,10,6,20,3,30,1,40]; "
          "latencyTable | summarize percentilesw(LatencyBucket, ReqCount, 50, 75, 99.9)",
          "percentile_LatencyBucket_50:long percentile_LatencyBucket_75:long "
          "percentile_LatencyBucket_99_9:long / 20,20,40" },
        { "datatable(Fruit:string, Color:string, "
          "Version:int)[\"Apple\",\"Red\",1,\"Apple\",\"Green\",int(null),\"Banana\",\"Yellow\","
          "int(null),\"Banana\",\"Green\",int(null),\"Pear\",\"Brown\",1,\"Pear\",\"Green\",2] | "
          "summarize arg_max(Version, *) by Fruit",
          "Fruit:string Version:int Color:string / Apple,1,Red / Banana,~,Yellow / Pear,2,Green" },
        { "let shapes = datatable (name:string, "
          "sideCount:int)[\"triangle\",3,\"square\",4,\"rectangle\",4,\"pentagon\",5]; shapes | "
          "extend isEvenSideCount = sideCount % 2 == 0 | summarize mylist = make_list(name) by "
          "isEvenSideCount",
          "isEvenSideCount:bool mylist:dynamic / False,[\"triangle\",\"pentagon\"] / "
          "True,[\"square\",\"rectangle\"]" },
        { "let T = datatable(prop:string, "
          "value:string)[\"prop01\",\"val_a\",\"prop02\",\"val_b\",\"prop03\",\"val_c\"]; T | "
          "extend p = bag_pack(prop, value) | summarize dict=make_bag(p), d2=make_bag_if(p, "
          "strlen(prop)==6)",
          "dict:dynamic d2:dynamic / "
          "{\"prop01\":\"val_a\",\"prop02\":\"val_b\",\"prop03\":\"val_c\"},{\"prop01\":\"val_a\","
          "\"prop02\":\"val_b\",\"prop03\":\"val_c\"}" },
        { "range x from 1 to 5 step 1 | summarize stdev(x), variance(x), stdevp(x), variancep(x), "
          "make_list(x), stdevif(x, x%2==0), varianceif(x, x%2==0)",
          "stdev_x:real variance_x:real stdevp_x:real variancep_x:real list_x:dynamic "
          "stdevif_x:real varianceif_x:real / "
          "1.5811388300841898,2.5,1.4142135623730951,2.0,[1,2,3,4,5],1.4142135623730951,2.0" },
        { "datatable(a:string,b:string)[\"x\",\"y\",\"x\",\"z\",\"w\",\"z\"] | summarize "
          "dcountif(a, b==\"z\"), countif(b==\"z\"), sumif(1, b==\"z\"), minif(a, b==\"z\"), "
          "maxif(a,b==\"z\"), avgif(2, b==\"y\"), take_anyif(a, b==\"z\")",
          "dcountif_a:long countif_:long sumif_:long minif_a:string maxif_a:string avgif_:real "
          "a:string / 2,2,2,w,x,2.0,x" },
        { "datatable(num:long)[0xFFFFFFFF, 0xFFFFF00F, 0x00FFFFFD] | summarize result = "
          "toupper(tohex(binary_all_and(num))), o=binary_all_or(num), x=binary_all_xor(num)",
          "result:string o:long x:long / FFF00D,4294967295,16773133" },
        { "datatable(x:real, y:real)[1.0,14.0,2.0,10.0,3.0,17.0,4.0,20.0,5.0,50.0] | summarize "
          "covariance(x,y), covariancep(x,y)",
          "covariance_x_y:real covariancep_x_y:real / 20.5,16.4" },
        { "range x from 1 to 3 step 1 | summarize count_distinct(x), count_distinctif(x, x>1)",
          "count_distinct_x:long count_distinctif_x:long / 3,2" },
        { "datatable(State:string, Source:string, "
          "D:long)[\"A\",\"s1\",3,\"A\",\"s2\",9,\"B\",\"s1\",5,\"C\",\"s3\",1] | top-nested 2 of "
          "State by sum(D), top-nested 1 of Source by sum(D)",
          "State:string aggregated_State:long Source:string aggregated_Source:long / A,12,s2,9 / "
          "B,5,s1,5" },
        { "datatable(State:string, D:long)[\"A\",3,\"A\",9,\"B\",5,\"C\",1] | top-nested 1 of "
          "State with others=\"All Others\" by agg=sum(D)",
          "State:string agg:long / A,12 / All Others,6" },
        { "datatable(t:datetime, v:real)[datetime(2017-01-01 01:00), 4.0, datetime(2017-01-03), "
          "2.0] | make-series avg(v) default=0.0 on t from datetime(2017-01-01) to "
          "datetime(2017-01-04) step 1d",
          "avg_v:dynamic t:dynamic / "
          "[4.0,0.0,2.0],[\"2017-01-01T00:00:00.0000000Z\",\"2017-01-02T00:00:00.0000000Z\",\"2017-"
          "01-03T00:00:00.0000000Z\"]" },
        { "range x from 1 to 5 step 1 | scan declare (cumulative_x:long=0) with (step s1: true => "
          "cumulative_x = x + s1.cumulative_x;)",
          "x:long cumulative_x:long / 1,1 / 2,3 / 3,6 / 4,10 / 5,15" },
        { "let Events = datatable (Ts: timespan, Event: string) [0m, \"A\", 1m, \"\", 2m, \"B\", "
          "3m, \"\", 4m, \"\", 6m, \"C\", 8m, \"\", 11m, \"D\", 12m, \"\"]; Events | sort by Ts "
          "asc | scan declare (Event_filled: string=\"\") with (step s1: true => Event_filled = "
          "iff(isempty(Event), s1.Event_filled, Event);)",
          "Ts:timespan Event:string Event_filled:string / 00:00:00,A,A / 00:01:00,,A / "
          "00:02:00,B,B / 00:03:00,,B / 00:04:00,,B / 00:06:00,C,C / 00:08:00,,C / 00:11:00,D,D / "
          "00:12:00,,D" },
        { "let Events = datatable (Ts: timespan, Event: "
          "string)[0m,\"A\",1m,\"A\",2m,\"B\",3m,\"D\",32m,\"B\",36m,\"C\",38m,\"D\",41m,\"E\",75m,"
          "\"A\"]; Events | sort by Ts asc | scan with_match_id=session_id declare (sessionStart: "
          "timespan) with (step inSession: true => sessionStart = "
          "iff(isnull(inSession.sessionStart), Ts, inSession.sessionStart); step endSession "
          "output=none: Ts - inSession.sessionStart > 30m;)",
          "Ts:timespan Event:string sessionStart:timespan session_id:long / 00:00:00,A,00:00:00,0 "
          "/ 00:01:00,A,00:00:00,0 / 00:02:00,B,00:00:00,0 / 00:03:00,D,00:00:00,0 / "
          "00:32:00,B,00:32:00,1 / 00:36:00,C,00:32:00,1 / 00:38:00,D,00:32:00,1 / "
          "00:41:00,E,00:32:00,1 / 01:15:00,A,01:15:00,2" },
        { "let Events = datatable (Ts: timespan, Event: "
          "string)[0m,\"A\",1m,\"Start\",2m,\"B\",3m,\"D\",4m,\"Stop\",6m,\"C\",8m,\"Start\",11m,"
          "\"E\",12m,\"Stop\"]; Events | sort by Ts asc | scan with_match_id=m_id with (step s1: "
          "Event == \"Start\"; step s2: Event != \"Start\" and Event != \"Stop\" and Ts - s1.Ts <= "
          "5m; step s3: Event == \"Stop\" and Ts - s1.Ts <= 5m;)",
          "Ts:timespan Event:string m_id:long / 00:01:00,Start,0 / 00:02:00,B,0 / 00:03:00,D,0 / "
          "00:04:00,Stop,0 / 00:08:00,Start,1 / 00:11:00,E,1 / 00:12:00,Stop,1" },
        { "datatable(ID:string, EventType:string, "
          "DamageProperty:long)[\"a\",\"x\",1,\"a\",\"y\",2,\"b\",\"x\",3] | evaluate "
          "pivot(EventType, sum(DamageProperty))",
          "ID:string x:long y:long / a,1,2 / b,3,0" },
        { "datatable(d:dynamic)[dynamic({\"Name\":\"John\",\"Age\":20}), "
          "dynamic({\"Name\":\"Dave\",\"Age\":40}), dynamic({\"Name\":\"Jasmine\",\"Age\":30})] | "
          "evaluate bag_unpack(d, 'Property_')",
          "Property_Age:long Property_Name:string / 20,John / 40,Dave / 30,Jasmine" },
        { "datatable(a:string,b:string)[\"x\",\"y\",\"x\",\"z\"] | facet by a, b",
          "a:string count_a:long / x,2 // b:string count_b:long / y,1 / z,1" },
        { "datatable(a:string,b:real)[] | getschema",
          "ColumnName:string ColumnOrdinal:long DataType:string ColumnType:string / "
          "a,0,System.String,string / b,1,System.Double,real" },
        { "print b = 'b', a2='a2', a3='a3', a1='a1' | project-reorder a* asc",
          "a1:string a2:string a3:string b:string / a1,a2,a3,b" },
        { "print b = 'b', a2='a2', a3='a3', a1='a1', a20='a20', a100='a100' | project-reorder a* "
          "granny-asc",
          "a1:string a2:string a3:string a20:string a100:string b:string / a1,a2,a3,a20,a100,b" },
        { "datatable(ContosoUnits:int, a1:string, a2:string)[1,\"x\",\"y\"] | project-keep a*",
          "a1:string a2:string / x,y" },
        { "datatable(a:int, a1:string, b:string)[1,\"x\",\"y\"] | project-away a*",
          "b:string / y" },
        { "print x=1, s=strcat(\"Hello\", \", \", \"World!\")",
          "x:long s:string / 1,Hello, World!" },
        { "range LastWeek from bin(datetime(2020-01-08 10:00),1d) - 7d to bin(datetime(2020-01-08 "
          "10:00),1d) step 3d",
          "LastWeek:datetime / 2020-01-01T00:00:00.0000000Z / 2020-01-04T00:00:00.0000000Z / "
          "2020-01-07T00:00:00.0000000Z" },
        { "range x from 1 to 3 step 1 | sample-distinct 2 of x", "x:long / 1 / 2" },
        { "range x from 1 to 2 step 1 | serialize rn = row_number()",
          "x:long rn:long / 1,1 / 2,2" },
        { "datatable(a:string)[\"hello world\",\"bye\"] | search \"hello\"",
          "$table:string a:string / union_arg0,hello world" },
        { "datatable(a:string)[\"\",\"x\"] | summarize take_any(a)", "a:string / x" },
        { "datatable(a:string)[\"\",\"\"] | summarize take_any(a)", "a:string / " },
        { "datatable(a:dynamic)[dynamic(null), \"\", 7, 8] | summarize take_any(a)",
          "a:dynamic / 7" },
        { "datatable(a:dynamic)[\"\"] | summarize b = isnull(take_any(a))", "b:bool / False" },
        { "datatable (ID:string, Timestamp:datetime) [\"1\", datetime(2024-03-20 09:15:00),\"1\", "
          "datetime(2024-03-20 09:20:00),\"1\", datetime(2024-03-20 10:30:00)] | sort by ID asc, "
          "Timestamp asc | extend s = row_window_session(Timestamp, 1h, 5m, ID != prev(ID))",
          "ID:string Timestamp:datetime s:datetime / "
          "1,2024-03-20T09:15:00.0000000Z,2024-03-20T09:15:00.0000000Z / "
          "1,2024-03-20T09:20:00.0000000Z,2024-03-20T09:20:00.0000000Z / "
          "1,2024-03-20T10:30:00.0000000Z,2024-03-20T10:30:00.0000000Z" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__kinds_that_queries_trip_over__as_published(void **state)
{
    static const query_case cases[] = {
        { "datatable(a:string)[\"x\",\"y\"] | summarize n = countif(Kind=tostring(a) == \"x\"), m "
          "= dcount(Expr=a)",
          "n:long m:long / 1,2" },
        { "print s=\"Id:45, Host:n1, Text: The service is up, Level: Info\" | parse-kv s as "
          "(Text:string, Id:long, Host:string) with (pair_delimiter=',', kv_delimiter=':') | "
          "project-away s",
          "Text:string Id:long Host:string / The service is up,45,n1" },
        { "print s='src=10.1.1.1 dst=10.1.1.2 failure=\"conn aborted\" \"event "
          "time\"=2021-01-01T10:00:54' | parse-kv s as (['event time']:datetime, src:string, "
          "failure:string) with (pair_delimiter=' ', kv_delimiter='=', quote='\"') | project-away "
          "s",
          "event time:datetime src:string failure:string / "
          "2021-01-01T10:00:54.0000000Z,10.1.1.1,conn aborted" },
        { "print s='src=1 failure=(conn aborted) (event time)=(2021-01-01 10:00:54)' | parse-kv s "
          "as (['event time']:datetime, src:long, failure:string) with (pair_delimiter=' ', "
          "kv_delimiter='=', quote='()') | project-away s",
          "event time:datetime src:long failure:string / 2021-01-01T10:00:54.0000000Z,1,conn "
          "aborted" },
        { "print s='a=1 failure=\"remote host sent \\\\\"bye!\\\\\"\" time=2021-01-01T10:00:54' | "
          "parse-kv s as (time:datetime, a:long, failure:string) with (pair_delimiter=' ', "
          "kv_delimiter='=', quote='\"', escape='\\\\') | project-away s",
          "time:datetime a:long failure:string / 2021-01-01T10:00:54.0000000Z,1,remote host sent "
          "\"bye!\"" },
        { "print s='name=Ann Lee phone=555 55 city=New York' | parse-kv s as (name:string, "
          "phone:string, city:string) with (pair_delimiter=' ', kv_delimiter='=') | project-away s",
          "name:string phone:string city:string / Ann,555,New" },
        { "print s='name=Ann Lee phone=555 55 city=New York' | parse-kv s as (name:string, "
          "phone:string, city:string) with (pair_delimiter=' ', kv_delimiter='=', greedy=true) | "
          "project-away s",
          "name:string phone:string city:string / Ann Lee,555 55,New York" },
        { "print s=\"2021-01-01T10:00:34 [INFO] Id:45, Host:n1, Text: Started\" | parse-kv s as "
          "(Text:string, Id:long, Host:string) | project-away s",
          "Text:string Id:long Host:string / Started,45,n1" },
        { "print s=\"[INFO] Id:45, Host:n1, Text: 'The service \\\\' is up'\" | parse-kv s as "
          "(Text:string, Id:long, Host:string) with (quote=\"'\", escape='\\\\') | project-away s",
          "Text:string Id:long Host:string / The service ' is up,45,n1" },
        { "print s=@'[\"ref url: https://h.com/r?d=/?h=1\", \"req url: https://h.com/?h=1\"]' | "
          "parse-kv s as (['ref url']:string, ['req url']:string) with (regex=@'\"([\\w "
          "]+)\\s*:\\s*([^\"]*)\"') | project-away s",
          "ref url:string req url:string / https://h.com/r?d=/?h=1,https://h.com/?h=1" },
        { "print s='a=\"x y\" b=[p q] c=<z>' | parse-kv s as (a:string,b:string,c:string) with "
          "(pair_delimiter=' ', kv_delimiter='=', quote='\"', quote='[]', quote='<>') | "
          "project-away s",
          "a:string b:string c:string / x y,p q,z" },
        { "print t=\"name=P, total=27, slice=23, lock=x\" | parse kind=regex t with * \"name=\" r "
          "',' * | project r",
          "r:string / P, total=27, slice=23" },
        { "print t=\"NAME=P, total=27, slice=23, lock=x\" | parse kind=regex flags=Ui t with * "
          "\"name=\" r ',' * | project r",
          "r:string / P" },
        { "print t=\"Event: N (name=P, total=27, slice=15, lock=a b, rel=c d)\" | parse kind=regex "
          "t with \"(.*?)[a-z]*=\" r @\", total=\\s*\\d+\\s*.*?slice=\" n:long "
          "\".*?(previous)?lock=\" l \".*?rel=\" q @\"\\)\" | project r, n, l, q",
          "r:string n:long l:string q:string / P,15,a b, ,c d" },
        { "print extract_all(@\"([\\da-f]{2})\", \"82b8-be2d\")",
          "print_0:dynamic / [\"82\",\"b8\",\"be\",\"2d\"]" },
        { "print extract_all(@\"(\\w)(\\w+)(\\w)\", \"82b8be2d-dfa7\")",
          "print_0:dynamic / [[\"8\",\"2b8be2\",\"d\"],[\"d\",\"fa\",\"7\"]]" },
        { "print extract_all(@\"(\\w)(\\w+)(\\w)\", dynamic([1,3]), \"82b8be2d-dfa7\")",
          "print_0:dynamic / [[\"8\",\"d\"],[\"d\",\"7\"]]" },
        { "print extract_all(@\"(?P<first>\\w)(?P<middle>\\w+)(?P<last>\\w)\", "
          "dynamic(['first',2,'last']), \"82b8be2d-dfa7\")",
          "print_0:dynamic / [[\"8\",\"2b8be2\",\"d\"],[\"d\",\"fa\",\"7\"]]" },
        { "datatable(d:dynamic)[dynamic({'k':1,'m':{'p':'abc','q':'xyz'},'l':[1,2]})] | project "
          "bag_has_key(d, 'k'), bag_has_key(d, '$.m.p'), bag_has_key(d, '$.m.z')",
          "Column1:bool Column2:bool Column3:bool / True,True,False" },
        { "datatable(d:dynamic)[dynamic({'k':1,'m':{'p':1,'q':'x'}}), dynamic({'k':1})] | project "
          "a=bag_set_key(d, 'n', 3), b=bag_set_key(d, '$.m.p', 'abc')",
          "a:dynamic b:dynamic / "
          "{\"k\":1,\"m\":{\"p\":1,\"q\":\"x\"},\"n\":3},{\"k\":1,\"m\":{\"p\":\"abc\",\"q\":\"x\"}"
          "} / {\"k\":1,\"n\":3},{\"k\":1,\"m\":{\"p\":\"abc\"}}" },
        { "datatable(d:dynamic)[dynamic({'k':1,'m':{'p':1,'q':'x'},'l':[1]})] | project "
          "a=bag_remove_keys(d, dynamic(['k','z'])), b=bag_remove_keys(d, dynamic(['$.m.p','l']))",
          "a:dynamic b:dynamic / "
          "{\"m\":{\"p\":1,\"q\":\"x\"},\"l\":[1]},{\"k\":1,\"m\":{\"q\":\"x\"}}" },
        { "print replace_strings(\"turn a cat into a dog\", dynamic(['cat','dog']), "
          "dynamic(['dog','pigeon'])), replace_strings(\"turn a cat into a dog\", "
          "dynamic(['turn',' into a dog']), dynamic(['lose','']))",
          "print_0:string print_1:string / turn a dog into a pigeon,lose a cat" },
        { "print s=\"This is an example\" | project a=replace_strings(s, dynamic(['This','is']), "
          "dynamic(['This','was'])), b=replace_strings(s, dynamic(['is','This']), "
          "dynamic(['was','This'])), c=replace_strings(s, dynamic(['This','is']), "
          "dynamic([12345,'was']))",
          "a:string b:string c:string / This was an example,This was an example,This was an "
          "example" },
        { "print a=dynamic_to_json(dynamic({'Y':{},'X':{'c3':1,'a4':6},'A1':12,'A14':[15,13]})), "
          "b=dynamic_to_json(dynamic({'A14':[15,13],'X':{'a4':6,'c3':1},'A1':12,'Y':{}})), "
          "c=dynamic_to_json(5)",
          "a:string b:string c:string / "
          "{\"A1\":12,\"A14\":[15,13],\"X\":{\"a4\":6,\"c3\":1},\"Y\":{}},{\"A1\":12,\"A14\":[15,"
          "13],\"X\":{\"a4\":6,\"c3\":1},\"Y\":{}},5" },
        { "print array_sort_asc(dynamic([1,3,4,5,2]), dynamic([\"a\",\"b\",\"c\",\"d\",\"e\"]))",
          "array0_sorted:dynamic array1_sorted:dynamic / "
          "[1,2,3,4,5],[\"a\",\"e\",\"b\",\"c\",\"d\"]" },
        { "print array_sort_desc(dynamic([1,3,2]), dynamic([\"a\",\"b\",\"c\"]))[1]",
          "print_0:dynamic / [\"b\",\"c\",\"a\"]" },
        { "print array_sort_asc(dynamic([null,\"blue\",\"yellow\",\"green\",null])), "
          "array_sort_asc(dynamic([null,\"blue\",\"yellow\",\"green\",null]), false)",
          "print_0:dynamic print_1:dynamic / "
          "[\"blue\",\"green\",\"yellow\",null,null],[null,null,\"blue\",\"green\",\"yellow\"]" },
        { "print hash(\"World\"), hash(\"World\", 100), hash(datetime(\"2015-01-01\"))",
          "print_0:long print_1:long print_2:long / 1846988464401551951,51,1380966698541616202" },
        { "print tohex(256), tohex(-256), tohex(toint(-256), 8), tohex(256, 8), tohex(256, 2)",
          "print_0:string print_1:string print_2:string print_3:string print_4:string / "
          "100,ffffffffffffff00,ffffff00,00000100,100" },
        { "let g = toscalar(new_guid()); range x from 1 to 3 step 1 | extend y=g | summarize "
          "dcount(y)",
          "dcount_y:long / 1" },
        { "range x from 1 to 2 step 1 | as T1 | union withsource=N (range x from 1 to 1 step 1 | "
          "as T2) | summarize count() by N",
          "N:string count_:long / T1,2 / T2,1" },
        { "union withsource=N (range x from 1 to 1 step 1 | as T1), (range x from 2 to 2 step 1 | "
          "as T2)",
          "N:string x:long / T1,1 / T2,2" },
        { "let V1 = view () { print x=1 }; let V2 = view () { print x=1 }; union isfuzzy=true (V1 "
          "| where x > 0), (V2 | where x > 0), (V3 | where x > 0) | count",
          "Count:long / 2" },
        { "let V1 = view () { print x=1 }; let V2 = view () { print x=1 }; let Other1 = view () { "
          "print x=1 }; union isfuzzy=true V*, Some*, Other* | count",
          "Count:long / 3" },
        { "let V1 = view () { print x=1 }; let V2 = view () { print x=toint(2) }; let V3 = view () "
          "{ print x_long=3 }; union withsource=T V1, V2, V3",
          "T:string x_long1:long x_int:int x_long:long / V1,1,~,~ / V2,~,2,~ / V3,~,~,3" },
        { "union isfuzzy=true EmailEvents, (print a=1)", "a:long / 1" },
        { "let N = datatable(net:string, "
          "who:string)[\"111.68.128.0/17\",\"Asia\",\"5.8.0.0/19\",\"Europe\",\"2.20.183.0/"
          "24\",\"UK\",\"46.36.200.51/32\",\"Oceania\"]; "
          "datatable(ip:string)['2.20.183.12','5.8.1.2','192.165.12.17'] | evaluate ipv4_lookup(N, "
          "ip, net)",
          "ip:string net:string who:string / 2.20.183.12,2.20.183.0/24,UK / "
          "5.8.1.2,5.8.0.0/19,Europe" },
        { "let N = datatable(net:string, "
          "who:string)[\"5.8.0.0/19\",\"Europe\",\"5.8.1.0/24\",\"near\"]; "
          "datatable(ip:string)['5.8.1.2','192.165.12.17','x'] | evaluate ipv4_lookup(N, ip, net, "
          "return_unmatched=true)",
          "ip:string net:string who:string / 5.8.1.2,5.8.0.0/19,Europe / 5.8.1.2,5.8.1.0/24,near / "
          "192.165.12.17,, / x,," },
        { "let N = datatable(net:string, k:long)[\"5.8.0.0/19\",1,\"5.8.1.0/24\",2]; "
          "datatable(ip:string, k:long)['5.8.1.2',2] | evaluate ipv4_lookup(N, ip, net, k)",
          "ip:string k:long net:string k1:long / 5.8.1.2,2,5.8.1.0/24,2" },
        { "let N = datatable(net:string, "
          "who:string)[\"2001:0db8:85a3::/48\",\"US\",\"2404:6800:4001::/48\",\"JP\"]; "
          "datatable(ip:string)[\"2001:0db8:85a3:0000:0000:8a2e:0370:7334\",\"a5e:f127:8a9d:146d:"
          "e102:b5d3:c755:abcd\"] | evaluate ipv6_lookup(N, ip, net, true)",
          "ip:string net:string who:string / "
          "2001:0db8:85a3:0000:0000:8a2e:0370:7334,2001:0db8:85a3::/48,US / "
          "a5e:f127:8a9d:146d:e102:b5d3:c755:abcd,," },
        { "datatable(a:int, b:dynamic)[1, dynamic({\"p1\":\"a1\",\"p2\":\"b1\"})] | mv-expand "
          "kind=array b | extend key=b[0], val=b[1]",
          "a:int b:dynamic key:dynamic val:dynamic / 1,[\"p1\",\"a1\"],p1,a1 / "
          "1,[\"p2\",\"b1\"],p2,b1" },
        { "datatable(a:int, b:dynamic, c:dynamic)[1, dynamic({\"p1\":\"a\",\"p2\":\"b\"}), "
          "dynamic([5,4,3])] | mv-expand b, c",
          "a:int b:dynamic c:dynamic / 1,{\"p1\":\"a\"},5 / 1,{\"p2\":\"b\"},4 / 1,~,3" },
        { "datatable(t:datetime, m:real)[] | make-series kind=nonempty avg(m) default=1.0 on t "
          "from datetime(2017-01-01) to datetime(2017-01-03) step 1d",
          "avg_m:dynamic t:dynamic / "
          "[1.0,1.0],[\"2017-01-01T00:00:00.0000000Z\",\"2017-01-02T00:00:00.0000000Z\"]" },
        { "datatable(a:string)[\"x\",\"z\"]\xe2\x80\xaf| where\xe2\x80\x83"
          "a == \"x\"",
          "a:string / x" },
        { "let a = dynamic\n([\"x\",\"y\"]); print r=array_length(a)", "r:long / 2" },
        { "print datetime(2020-01-02) between (datetime(2020-01-01)..datetime(2020-01-03)), 3 "
          "between (int(1)..long(5)), 2h between (timespan(1h)..time(3h))",
          "print_0:bool print_1:bool print_2:bool / True,True,True" },
        { "datatable(a:string)[\"xTempy\",\"y\"] | where a notcontains \"Temp\"", "a:string / y" },
        { "let f = () { 5 }; print r = f + 1", "r:long / 6" },
        { "datatable(k:string, t:datetime)[\"1\",datetime(2024-04-11 "
          "10:00),\"2\",datetime(2024-04-11 10:18),\"1\",datetime(2024-04-11 "
          "11:00),\"2\",datetime(2024-04-11 13:30),\"2\",datetime(2024-04-11 10:16)] | sort by k "
          "asc, t asc | extend s = row_window_session(t, 1h, 5m, k != prev(k))",
          "k:string t:datetime s:datetime / "
          "1,2024-04-11T10:00:00.0000000Z,2024-04-11T10:00:00.0000000Z / "
          "1,2024-04-11T11:00:00.0000000Z,2024-04-11T11:00:00.0000000Z / "
          "2,2024-04-11T10:16:00.0000000Z,2024-04-11T10:16:00.0000000Z / "
          "2,2024-04-11T10:18:00.0000000Z,2024-04-11T10:16:00.0000000Z / "
          "2,2024-04-11T13:30:00.0000000Z,2024-04-11T13:30:00.0000000Z" },
        { "print b='b', a2=2, a20=20, a100=100, a1=1 | project-reorder a* granny-desc",
          "a100:long a20:long a2:long a1:long b:string / 100,20,2,1,b" },
        { "print a=1 | mv-expand isfuzzy=true a",
          "1:23: mv-expand has no option isfuzzy here; it takes kind bagexpansion with_itemindex" },
        { "union kind=left (print a = 1), (print b = 2)",
          "1:12: the kind of a union is inner or outer" },
        { "print a = 1 | search kind=exact 'x'",
          "1:27: the kind of a search is default, case_insensitive or case_sensitive" },
        { "print a=dynamic([1]) | mv-expand kind=bags a",
          "1:39: unknown kind of expansion; expected bag or array" },
        { "print t=1, v=2 | make-series kind=full sum(v) on t step 1",
          "1:35: unknown kind of make-series; expected nonempty" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__networks_bags_scans_and_series__as_published(void **state)
{
    static const query_case cases[] = {
        { "print encoded = punycode_from_string('acad\xc3\xa9mie-fran\xc3\xa7"
          "aise'), b=punycode_from_string('\xe8\x89\xba\xe6\x9c\xaf'), "
          "c=punycode_to_string('acadmie-franaise-npb1a')",
          "encoded:string b:string c:string / "
          "acadmie-franaise-npb1a,cqv902d,acad\xc3\xa9mie-fran\xc3\xa7"
          "aise" },
        { "datatable(domain:string)['L\xc3\xaa L\xe1\xbb\xa3i\xe3\x80\x82Thu\xe1\xba\xadn "
          "Thi\xc3\xaan\xe3\x80\x82"
          "com', 'Ri\xc3\xb0ill\xe3\x80\x82Sk\xc3\xa1ldskaparm\xc3\xa1l\xe3\x80\x82org', "
          "\"Kaledvoulc'h.Artor\xc4\xabjos.edu\"] | extend str=punycode_domain_to_string(domain) | "
          "project str",
          "str:string / xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com / "
          "xn--Riill-jta.xn--Skldskaparml-dbbj.org / Kaledvoulc'h.xn--Artorjos-ejb.edu" },
        { "datatable(encoded:string)[\"xn--Ge-mia.Bulg.edu\",\"xn--Lin-8na.Celtchair.org\",\"xn--"
          "Ry-lja8c.xn--Jng-uta63a.xn--Bng-9ka.com\"] | project "
          "domain=punycode_domain_from_string(encoded)",
          "domain:string / G\xc3\xa1"
          "e.Bulg.edu / L\xc3\xbain.Celtchair.org / "
          "R\xc3\xbay\xc3\xac.J\xc4\xabng\xc5\xab.B\xc3\xa0ng.com" },
        { "print "
          "res=gzip_decompress_from_base64_string(\"H4sIAAAAAAAA/wEUAOv/"
          "MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==\"), "
          "b=gzip_decompress_from_base64_string(\"x0x0x0\"), "
          "c=zlib_decompress_from_base64_string(\"eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=\"), "
          "d=zlib_decompress_from_base64_string(\"x0x0x0\")",
          "res:string b:string c:string d:string / 1234567890qwertyuiop,,Test string 123," },
        { "let s='05:04:54 127.0.0.1 GET /favicon.ico 404'; print a=has_any_ipv4_prefix(s, "
          "'127.0.', '192.168.'), b=has_any_ipv4_prefix(s, dynamic(['127.0.', '192.168.'])), "
          "c=has_any_ipv4_prefix(s, '127.0'), d=has_any_ipv4_prefix('05:04:54127.0.0.1 GET "
          "/favicon.ico 404', '127.0.', '192.'), e=has_ipv4_prefix('05:04:54 127.0.0.256 GET "
          "/favicon.ico 404', '127.0.'), f=has_ipv4(s, '127.0.0.1'), g=has_ipv4('05:04:54 "
          "127.0.0.256 GET /favicon.ico 404', '127.0.0.256'), h=has_any_ipv4(s, '127.0.0.1', "
          "'127.0.0.2')",
          "a:bool b:bool c:bool d:bool e:bool f:bool g:bool h:bool / "
          "True,True,False,False,False,True,False,True" },
        { "datatable(a:string, b:string)['192.168.1.0', '192.168.1.0','192.168.1.1/24', "
          "'192.168.1.255','192.168.1.1', '192.168.1.255/24','192.168.1.1/30', '192.168.1.255/24'] "
          "| project r = ipv4_is_match(a, b)",
          "r:bool / True / True / True / True" },
        { "datatable(a:string, b:string, p:long)['192.168.1.1', '192.168.1.0', "
          "31,'192.168.1.1/24', '192.168.1.255', 31,'192.168.1.1', '192.168.1.255', 24,] | project "
          "r = ipv4_is_match(a, b, p), c=ipv4_compare(a, b, p)",
          "r:bool c:long / True,0 / True,0 / True,0" },
        { "datatable(a:string, b:string)['192.168.1.1', '192.168.1.1','192.168.1.1/24', "
          "'192.168.1.255','192.168.1.1', '192.168.1.255/24','192.168.1.1/30', "
          "'192.168.1.255/24','fe80::85d:e82c:9446:7994', "
          "'fe80::85d:e82c:9446:7994','fe80::85d:e82c:9446:7994/120', "
          "'fe80::85d:e82c:9446:7998','fe80::85d:e82c:9446:7994', "
          "'fe80::85d:e82c:9446:7998/120','fe80::85d:e82c:9446:7994/120', "
          "'fe80::85d:e82c:9446:7998/120','192.168.1.1', '::ffff:c0a8:0101','192.168.1.1/24', "
          "'::ffff:c0a8:01ff','::ffff:c0a8:0101', '192.168.1.255/24','::192.168.1.1/30', "
          "'192.168.1.255/24'] | project r = ipv6_is_match(a, b), c=ipv6_compare(a, b)",
          "r:bool c:long / True,0 / True,0 / True,0 / True,0 / True,0 / True,0 / True,0 / True,0 / "
          "True,0 / True,0 / True,0 / True,0" },
        { "print ipv4_is_in_any_range('192.168.1.6', '192.168.1.1/24', '10.0.0.1/8', "
          "'127.1.0.1/16'), ipv4_is_in_any_range('127.0.0.1', dynamic(['127.0.0.1', "
          "'192.168.1.1'])), ipv4_netmask_suffix('10.1.2.3'), "
          "ipv4_netmask_suffix('192.168.1.1/24'), ipv4_is_in_range('127.0.0.1','127.0.0.1'), "
          "ipv4_is_in_range('192.168.1.6','192.168.1.1/24'), "
          "ipv4_is_in_range('192.168.1.1','192.168.2.1/24')",
          "print_0:bool print_1:bool print_2:long print_3:long print_4:bool print_5:bool "
          "print_6:bool / True,True,32,24,True,True,False" },
        { "datatable(d:dynamic)[dynamic({\"Name\": \"John\", \"Age\":20}),dynamic({\"Name\": "
          "\"Dave\", \"Age\":40}),dynamic({\"Name\": \"Jasmine\", \"Age\":30}),] | evaluate "
          "bag_unpack(d)",
          "Age:long Name:string / 20,John / 40,Dave / 30,Jasmine" },
        { "datatable(Name:string, d:dynamic)[\"Old_name\", dynamic({\"Name\": \"John\", "
          "\"Age\":20}),\"Old_name\", dynamic({\"Name\": \"Dave\", \"Age\":40})] | evaluate "
          "bag_unpack(d, columnsConflict=\"replace_source\")",
          "Name:string Age:long / John,20 / Dave,40" },
        { "datatable(Name:string, d:dynamic)[\"Old_name\", dynamic({\"Name\": \"John\", "
          "\"Age\":20}),\"Old_name\", dynamic({\"Name\": \"Dave\", \"Age\":40})] | evaluate "
          "bag_unpack(d, columnsConflict=\"keep_source\")",
          "Name:string Age:long / Old_name,20 / Old_name,40" },
        { "datatable(d:dynamic)[dynamic({\"Name\": \"John\", \"Age\":20, \"Address\": "
          "\"Address-1\" }),dynamic({\"Name\": \"Dave\", \"Age\":40, \"Address\": \"Address-2\"})] "
          "| evaluate bag_unpack(d, ignoredProperties=dynamic([\"Address\", \"Age\"]))",
          "Name:string / John / Dave" },
        { "datatable(d:dynamic, Description: string)[dynamic({ \"Name\": \"John\", \"Age\":20}), "
          "\"Student\"] | evaluate bag_unpack(d) : (*, Name:string, Age:long)",
          "Description:string Name:string Age:long / Student,John,20" },
        { "let Events = datatable (Ts: timespan, Event: string) [0m, \"A\", 1m, \"\", 2m, \"B\", "
          "3m, \"\", 4m, \"\"]; Events | sort by Ts asc | scan declare (Event_filled: string=\"\") "
          "with (step s1: true => Event_filled = iff(isempty(Event), s1.Event_filled, Event);)",
          "Ts:timespan Event:string Event_filled:string / 00:00:00,A,A / 00:01:00,,A / "
          "00:02:00,B,B / 00:03:00,,B / 00:04:00,,B" },
        { "range x from 1 to 5 step 1 | scan declare (cumulative_x:long=0) with (step s1: true => "
          "cumulative_x = x + s1.cumulative_x;)",
          "x:long cumulative_x:long / 1,1 / 2,3 / 3,6 / 4,10 / 5,15" },
        { "let Events = datatable (Ts: timespan, Event: string) [0m, \"A\", 1m, \"Start\", 2m, "
          "\"B\", 3m, \"D\", 4m, \"Stop\", 6m, \"C\", 8m, \"Start\", 11m, \"E\", 12m, \"Stop\"]; "
          "Events | sort by Ts asc | scan with_match_id=m_id with (step s1: Event == \"Start\"; "
          "step s2: Event != \"Start\" and Event != \"Stop\" and Ts - s1.Ts <= 5m; step s3: Event "
          "== \"Stop\" and Ts - s1.Ts <= 5m;)",
          "Ts:timespan Event:string m_id:long / 00:01:00,Start,0 / 00:02:00,B,0 / 00:03:00,D,0 / "
          "00:04:00,Stop,0 / 00:08:00,Start,1 / 00:11:00,E,1 / 00:12:00,Stop,1" },
        { "range offset from -1 to 1 step 1 | project startofday(datetime(2017-01-01 10:10:17), "
          "offset), startofmonth(datetime(2017-01-01 10:10:17), offset), "
          "startofweek(datetime(2017-01-01 10:10:17), offset), startofyear(datetime(2017-01-01 "
          "10:10:17), offset)",
          "Column1:datetime Column2:datetime Column3:datetime Column4:datetime / "
          "2016-12-31T00:00:00.0000000Z,2016-12-01T00:00:00.0000000Z,2016-12-25T00:00:00.0000000Z,"
          "2016-01-01T00:00:00.0000000Z / "
          "2017-01-01T00:00:00.0000000Z,2017-01-01T00:00:00.0000000Z,2017-01-01T00:00:00.0000000Z,"
          "2017-01-01T00:00:00.0000000Z / "
          "2017-01-02T00:00:00.0000000Z,2017-02-01T00:00:00.0000000Z,2017-01-08T00:00:00.0000000Z,"
          "2018-01-01T00:00:00.0000000Z" },
        { "print arr=dynamic([1,2,3,4,5]) | project array_shift_right(arr, 2), "
          "array_shift_right(arr, -2), array_shift_right(arr, 2, -1)",
          "Column1:dynamic Column2:dynamic Column3:dynamic / "
          "[null,null,1,2,3],[3,4,5,null,null],[-1,-1,1,2,3]" },
        { "print string_size(\"hello\"), "
          "string_size(\"\xe2\x92\xa6\xe2\x92\xb0\xe2\x92\xae\xe2\x92\xaf\xe2\x92\xaa\"), "
          "strlen(\"\xe2\x92\xa6\xe2\x92\xb0\xe2\x92\xae\xe2\x92\xaf\xe2\x92\xaa\")",
          "print_0:long print_1:long print_2:long / 5,15,5" },
        { "print round(2.98765, 3), round(2.15, 1), round(2.15), round(-50.55, -2), round(21.5, "
          "-1)",
          "print_0:real print_1:real print_2:real print_3:real print_4:real / "
          "2.988,2.2,2.0,-100.0,20.0" },
        { "print isfinite(0.0/0.0), isinf(1.0/0.0), isnan(0.0/0.0)",
          "print_0:bool print_1:bool print_2:bool / False,True,True" },
        { "print s=dynamic([-6.5,0,8]) | project series_abs(s), series_sign(s), "
          "series_ceiling(dynamic([-1.5,1,2.5])), series_floor(dynamic([-1.5,1,2.5])), "
          "series_exp(dynamic([1,2,3]))",
          "Column1:dynamic Column2:dynamic Column3:dynamic Column4:dynamic Column5:dynamic / "
          "[6.5,0.0,8.0],[-1.0,0.0,1.0],[-1.0,1.0,3.0],[-2.0,1.0,2.0],[2.718281828459045,7."
          "38905609893065,20.085536923187668]" },
        { "print s1=dynamic([1,2,4]), s2=dynamic([4,2,1]) | project series_greater(s1, s2), "
          "series_less_equals(s1, s2), series_not_equals(s1, s2)",
          "Column1:dynamic Column2:dynamic Column3:dynamic / "
          "[false,false,true],[true,true,false],[true,false,true]" },
        { "datatable(s1:dynamic, s2:dynamic)[dynamic([0.1,0.2,0.1,0.2]), "
          "dynamic([0.11,0.2,0.11,0.21]), dynamic([0.1,0.2,0.1,0.2]), dynamic([1,2,3,4])] | "
          "project round(series_cosine_similarity(s1, s2), 14)",
          "Column1:real / 0.99935343825504 / 0.9237604307034" },
        { "datatable(ReqCount:long, LatencyBucket:long)[8, 10, 6, 20, 3, 30, 1, 40] | summarize "
          "percentilesw(LatencyBucket, ReqCount, 75, 99.9)",
          "percentile_LatencyBucket_75:long percentile_LatencyBucket_99_9:long / 20,40" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__functions__of_places(void **state)
{
    static const query_case cases[] = {
        { "print round(geo_distance_2points(-122.407628, 47.578557, -118.275287, 34.019056), 6), "
          "geo_distance_2points(300, 1, 1, 1), geo_distance_2points(1, 1, 1, 1)",
          "print_0:real print_1:real print_2:real / 1546754.351974,~,0.0" },
        { "print geo_point_to_geohash(139.806115, 35.554128, 12), geo_point_to_geohash(-80.195829, "
          "25.802215, 8), geo_point_to_geohash(1, 2), geo_point_to_geohash(1, 2, 19), "
          "geo_point_to_geohash(1, 91)",
          "print_0:string print_1:string print_2:string print_3:string print_4:string / "
          "xn76m27ty9g4,dhwfz15h,s02eq,," },
        { "print geo_geohash_to_central_point('sunny'), geo_geohash_to_central_point('a')",
          "print_0:dynamic print_1:dynamic / "
          "{\"type\":\"Point\",\"coordinates\":[42.47314453125,23.70849609375]},~" },
        { "print geo_point_in_circle(-122.317404, 47.609119, -122.3493, 47.6205, 3500), "
          "geo_point_in_circle(-122.3493, 47.6205, -122.3493, 47.7, 3500), "
          "geo_point_in_circle(0, 0, 0, 0, -1)",
          "print_0:bool print_1:bool print_2:bool / True,False,~" },
    };
    (void)state;
    CHECK(cases);
}

static void reference__bin_auto__takes_the_settings(void **state)
{
    static const query_case cases[] = {
        { "set query_bin_auto_size=1h; set query_bin_auto_at=datetime(2017-01-01 00:05); "
          "range TS from datetime(2017-01-01 02:00) to datetime(2017-01-01 03:00) step 15m | "
          "summarize count() by bin_auto(TS)",
          "TS:datetime count_:long / 2017-01-01T01:05:00.0000000Z,1 / "
          "2017-01-01T02:05:00.0000000Z,4" },
        { "set query_bin_auto_size=3; range x from 1 to 4 step 1 | summarize count() by "
          "bin_auto(x)",
          "x:long count_:long / 0,2 / 3,2" },
        { "print x = 1 | summarize count() by bin_auto(x)",
          "1:36: bin_auto() needs a size: set query_bin_auto_size = 1h; in front of the query" },
        { "set query_bin_auto_size=5; datatable(k:string, v:long)['a', 1, 'b', 13, 'a', 7] | "
          "partition by k (extend w = bin_auto(v))",
          "k:string v:long w:long / a,1,0 / a,7,5 / b,13,10" },
        { "range i from 1 to 11000 step 1 | partition by i (where true) | count",
          "Count:long / 11000" },
        { "print bin_auto(1, 2)", "1:7: bin_auto() takes at most 1 argument, not 2" },
        { "set query_bin_auto_size=bin_auto(1); print bin_auto(5)",
          "1:25: bin_auto() needs a size: set query_bin_auto_size = 1h; in front of the query" },
        { "set query_bin_auto_size=2; set query_bin_auto_at=bin_auto(1); print bin_auto(5)",
          "1:50: bin_auto() needs a size: set query_bin_auto_size = 1h; in front of the query" },
        { "set query_bin_auto_size=2; set query_bin_auto_size=bin_auto(4); print bin_auto(5)",
          "1:52: bin_auto() needs a size: set query_bin_auto_size = 1h; in front of the query" },
        /* The value is known where the setting stands, not where it is used. */
        { "let s=1h; set query_bin_auto_size=s; let f=(t:datetime, s:timespan){bin_auto(t)}; "
          "print x = f(datetime(2026-01-01 10:35), 1d)",
          "x:datetime / 2026-01-01T10:00:00.0000000Z" },
        { "set query_bin_auto_size=a; range a from 1 to 2 step 1 | project x = bin_auto(a)",
          "1:25: no column a" },
        { "set query_bin_auto_size='1h'; print x = bin_auto(5)",
          "1:25: query_bin_auto_size is a constant number or time span" },
        { "set query_bin_auto_size=datetime(2026-01-01); print x = bin_auto(5)",
          "1:25: query_bin_auto_size is a constant number or time span" },
        { "set query_bin_auto_size=rand(); print x = bin_auto(5)",
          "1:25: query_bin_auto_size is a constant number or time span" },
        { "set query_bin_auto_size=2; set query_bin_auto_at=dynamic(1); print x = bin_auto(5)",
          "1:50: query_bin_auto_at is a constant number, time or time span" },
        { "let f = (x: long) { set query_bin_auto_size=5; bin_auto(x) }; print f(7), bin_auto(8)",
          "1:25: query_bin_auto_size is set in front of the query, not in a function" },
        { "set query_bin_auto_size=1h; print x = bin_auto(5)",
          "1:39: bin() isn't defined for long and timespan" },
    };
    (void)state;
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference__functions__of_places),
        cmocka_unit_test(reference__bin_auto__takes_the_settings),
        cmocka_unit_test(reference__functions__a_to_h__as_published),
        cmocka_unit_test(reference__functions__i_to_z__as_published),
        cmocka_unit_test(reference__operators_and_aggregates__as_published),
        cmocka_unit_test(reference__kinds_that_queries_trip_over__as_published),
        cmocka_unit_test(reference__networks_bags_scans_and_series__as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
